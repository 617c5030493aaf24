// A line of the tail, and the panel that shows its event.

import {api} from '../../core/api.js';
import {define, h, Part, replace, setText} from '../../core/dom.js';
import {actorName, shortID, words} from '../../core/format.js';
import {href} from '../../core/router.js';
import {currentZone, exact, parse, relative, timeOf, wall} from '../../core/time.js';
import {copyButton} from '../../components/copy.js';
import {failure, loading} from '../../components/empty.js';
import {eventMark, severityMark} from '../../components/state.js';
import {agentOf, rank} from './feed.js';

const LOUD = ['', 'is-warning', 'is-error', 'is-critical'];

export function line(event, onOpen) {
    const time = h('span', {class: 'tail-time', title: exact(parse(event.at))});
    const severity = severityMark(event.severity);
    severity.title = event.severity;
    const element = h('div', {class: `tail-line ${LOUD[rank(event.severity)]}`, on: {click: (click) => { if (!click.target.closest('a') && !getSelection()?.toString()) onOpen(event); }}},
        time, severity, h('button', {class: 'tail-type', type: 'button', title: 'Show the event'}, words(event.type)),
        h('span', {class: 'tail-task'}, event.task?.type, ' ', h('a', {class: 'id', href: href(`/tasks/${event.task_id}`)}, shortID(event.task_id))),
        h('span', {class: 'tail-agent muted'}, agentOf(event) ?? ''), h('span', {class: 'tail-message', title: event.message}, event.message));
    element.drawTime = () => setText(time, currentZone() === 'relative' ? relative(parse(event.at)) : wall(parse(event.at), {milliseconds: true, date: 'never'}));
    element.drawTime();
    return element;
}

/** `<k-tail-event task-id="…" seq="…">`: an event with its JSON, and its task below. */
class TailEvent extends Part {
    mount() {
        this.head = h('section', {class: 'tail-event', 'aria-label': 'The event'}, loading(4));
        replace(this, this.head, h('k-task', {'task-id': this.getAttribute('task-id')}));
        if (this.event) this.show(this.event);
        else this.load();
    }

    async load() {
        const [task, seq] = [this.getAttribute('task-id'), Number(this.getAttribute('seq'))];
        try {
            const {data: [event]} = await api.get(`/tasks/${task}/timeline`, {after: seq - 1, limit: 1}, {signal: this.signal});
            if (event) this.show({...event, task_id: task});
            else replace(this.head);
        } catch (error) { if (error.name !== 'AbortError') replace(this.head, failure(error, () => this.load())); }
    }

    show({task, topic, ...event}) {
        const json = JSON.stringify(event, null, 2);
        replace(this.head, h('div', {class: 'letter-top'}, eventMark(event.type, {badge: true}), severityMark(event.severity), h('span', {class: 'push'}, timeOf(event.at))), h('p', {}, event.message),
            h('p', {class: 'muted'}, `Event ${event.seq} of its task, by ${actorName(event.actor)}.`),
            h('details', {open: true}, h('summary', {}, 'JSON'), h('div', {class: 'tail-json'}, copyButton(json, 'Copy the event'), h('pre', {tabindex: '0'}, json))));
    }
}
define('k-tail-event', TailEvent);
