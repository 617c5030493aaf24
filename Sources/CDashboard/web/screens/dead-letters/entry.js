// One dead letter: why it is here, what could mend it, what became of it; below it the task itself.

import {api} from '../../core/api.js';
import {define, h, Part, replace} from '../../core/dom.js';
import {actorName, counted, money, words} from '../../core/format.js';
import {icon} from '../../core/icons.js';
import {href, setParams} from '../../core/router.js';
import {session} from '../../core/session.js';
import {store} from '../../core/store.js';
import {does} from '../../core/strategies.js';
import {timeOf} from '../../core/time.js';
import {failure, loading} from '../../components/empty.js';
import {mark, severityMark} from '../../components/state.js';
import {ACTS, actOnOne} from './act.js';
import {closing} from './groups.js';
import {REASONS, STATUSES} from './words.js';

/** `<k-letter entry-id="…">`; tells of a change by the event `changed` with the entry. */
class Letter extends Part {
    mount() {
        this.id_ = this.getAttribute('entry-id');
        this.head = h('section', {class: 'letter', 'aria-label': 'The dead letter'}, loading(3));
        this.task = h('div', {});
        replace(this, this.head, this.task);
        this.atEnd(store.on('events', (events) => { if (events.some((event) => closing(event)?.id === this.id_)) this.load(); }));
        this.atEnd(store.on('reload', () => this.load()));
        if (this.entry) this.show(this.entry);
        this.load();
    }

    async load() {
        try {
            this.show(await api.get(`/failed-tasks/${this.id_}`, {}, {signal: this.signal}));
        } catch (error) {
            if (error.name !== 'AbortError') replace(this.head, failure(error, () => this.load()), error.status === 404 ? h('p', {class: 'list-end'}, h('a', {class: 'button', href: '/dead-letters'}, 'To the dead letters')) : null);
        }
    }

    async act(name) {
        if (!session.mayAct || this.entry?.status !== 'pending') return;
        const after = await actOnOne(name, this.entry);
        if (!after) return;
        this.show(after);
        this.dispatchEvent(new CustomEvent('changed', {detail: after}));
    }

    show(entry) {
        this.entry = entry;
        const isOpen = entry.status === 'pending';
        this.classList.toggle('is-open', isOpen);
        const [word, why] = REASONS[entry.reason] ?? [words(entry.reason), ''];
        const button = (name, label, kind = '') => h('button', {class: `button is-small ${kind}`, type: 'button', on: {click: () => this.act(name)}}, icon(ACTS[name].icon), label);
        replace(this.head,
            h('div', {class: 'letter-top'}, mark(STATUSES[entry.status], {badge: true}), h('strong', {}, `${word[0].toUpperCase()}${word.slice(1)}`),
                entry.alert ? h('a', {href: href('/alerts', {alert: entry.alert.id}), title: 'Its alert'}, severityMark(entry.alert.severity)) : null, entry.payment ? h('span', {class: 'money push'}, money(entry.payment)) : null),
            h('p', {}, why, ' ', h('span', {class: 'muted'}, counted(entry.attempts, 'attempt'), ', failed ', timeOf(entry.failed_at), '.')),
            isOpen ? this.#help(entry) : this.#closed(entry),
            isOpen && session.mayAct ? h('div', {class: 'button-row'},
                button('retry', 'Retry', 'is-primary'), button('elsewhere', 'Retry elsewhere…'),
                h('button', {class: 'button is-small', type: 'button', on: {click: () => this.#toInput()}}, icon('edit'), 'Edit input and retry'),
                button('resolve', 'Resolve…'), button('discard', 'Discard…', 'is-danger')) : null);
        if (!this.task.firstChild) replace(this.task, h('k-task', {'task-id': entry.task_id}));
    }

    /** The task below has the editor beside its input. */
    #toInput() {
        setParams({tab: 'payload'});
        this.task.scrollIntoView({block: 'start'});
    }

    #help(entry) {
        if (!entry.suggested_strategies?.length) return null;
        return h('div', {class: 'letter-help'}, h('span', {class: 'muted'}, 'What could mend it, best first:'),
            h('ol', {class: 'letter-ways'}, entry.suggested_strategies.map((name) => h('li', {}, h('strong', {}, words(name)), h('span', {class: 'muted'}, does(name))))));
    }

    #closed(entry) {
        return h('p', {class: `note tone-${STATUSES[entry.status].tone}`}, icon(STATUSES[entry.status].icon),
            h('span', {}, `${words(entry.status)[0].toUpperCase()}${entry.status.slice(1)} by ${actorName(entry.closed_by)} `, timeOf(entry.closed_at),
                entry.note ? [': “', entry.note, '”'] : entry.status === 'retried' ? '. If it fails again, it comes back as a new entry.' : '. No note was left.'));
    }
}
define('k-letter', Letter);
