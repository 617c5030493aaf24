// One bulk operation as it goes: its stages, what was done, what was passed over and why; pause, go on, cancel.

import {api} from '../core/api.js';
import {filterWords, isOver, lookOf, many, partsOf, reasonWords, sentence, shareOf, shareWords, stagesOf, titleOf} from '../core/bulk.js';
import {define, h, Part, replace, setAttribute, setText} from '../core/dom.js';
import {actorName, count, span, words} from '../core/format.js';
import {icon} from '../core/icons.js';
import {href} from '../core/router.js';
import {session} from '../core/session.js';
import {Resource, resources} from '../core/store.js';
import {timeOf} from '../core/time.js';
import {stageItem} from './bulk.js';
import {failure, loading} from './empty.js';
import {mark} from './state.js';
import {toastError} from './toast.js';

/** While it runs it is asked for this often. */
const EVERY = 700;

/** `<k-bulk bulk-id="…">` */
class Bulk extends Part {
    mount() {
        this.id_ = this.getAttribute('bulk-id');
        this.body = h('section', {class: 'bulk', 'aria-label': 'The bulk operation'}, loading(4));
        replace(this, this.body);
        this.resource = new Resource(() => api.get(`/bulk-operations/${this.id_}`), {every: EVERY, least: 300});
        this.leave = this.resource.subscribe((one) => this.show(one));
        this.atEnd(() => this.leave());
    }

    show({value: operation, error}) {
        if (!operation) {
            if (!error) return;
            replace(this.body, failure(error, () => this.resource.refresh()));
            // What is not there does not come.
            if (error.status === 404) queueMicrotask(() => this.leave());
            return;
        }
        if (!this.parts) this.build(operation);
        const {parts} = this;
        const signature = JSON.stringify(operation);
        if (signature === this.signature) return;
        this.signature = signature;
        const look = lookOf(operation);
        replace(parts.mark, mark(look, {badge: true}));
        setText(parts.title, titleOf(operation));
        setAttribute(parts.says, 'class', `bulk-says tone-${look.tone}`);
        setText(parts.says, sentence(operation));
        const stages = stagesOf(operation);
        parts.stages.hidden = stages.length === 0;
        replace(parts.stages, stages.map(stageItem));
        this.#bar(operation);
        const skipped = operation.skipped ?? [];
        replace(parts.skipped, skipped.length ? [h('h3', {}, 'Passed over, and why'), h('ul', {class: 'plain'}, skipped.map((one) => h('li', {}, h('strong', {}, count(one.count)), ` ${reasonWords(one.reason)}`)))] : null);
        this.#acts(operation);
        replace(parts.facts, this.#facts(operation));
        if (!isOver(operation) || this.hasEnded) return;
        // What has ended is asked for no more; what it has changed is.
        this.hasEnded = true;
        queueMicrotask(() => this.leave());
        resources.summary.soon();
        this.dispatchEvent(new CustomEvent('bulk-ended', {bubbles: true}));
    }

    build(operation) {
        const parts = this.parts = {mark: h('span', {}), title: h('h2', {}), says: h('p', {role: 'status'}), stages: h('ol', {class: 'canary', 'aria-label': 'Stages'}), fill: h('div', {class: 'bulk-bar'}),
            legend: h('ul', {class: 'legend'}), acts: h('div', {class: 'button-row'}), skipped: h('div', {}), facts: h('dl', {class: 'facts'})};
        parts.bar = h('div', {class: 'bulk-track', role: 'progressbar', 'aria-label': titleOf(operation), 'aria-valuemin': 0, 'aria-valuemax': 100}, parts.fill);
        replace(this.body, h('div', {class: 'bulk-head'}, parts.title, parts.mark), parts.says, parts.stages, parts.bar, parts.legend, parts.acts, parts.skipped, parts.facts);
    }

    #bar(operation) {
        const {parts} = this;
        const list = partsOf(operation);
        setAttribute(parts.bar, 'aria-valuenow', Math.floor(shareOf(operation) * 100));
        setAttribute(parts.bar, 'aria-valuetext', shareWords(operation));
        replace(parts.fill, list.map((part) => h('span', {class: `bulk-part is-${part.key} tone-${part.tone}`, css: {'--share': String(part.count)}})));
        replace(parts.legend, list.map((part) => h('li', {class: `tone-${part.tone}`}, h('span', {class: `swatch is-${part.key}`}), h('strong', {}, count(part.count)), ` ${part.label}`)));
    }

    #acts(operation) {
        const wanted = !session.mayAct || isOver(operation) ? '' : operation.status;
        if (wanted === this.acted) return;
        this.acted = wanted;
        const act = (name, label, look, kind = '') => h('button', {class: `button ${kind}`, type: 'button', on: {click: (event) => this.#act(name, event.currentTarget)}}, icon(look), label);
        replace(this.parts.acts, wanted ? [wanted === 'running' ? act('pause', 'Pause', 'pause') : act('resume', 'Go on', 'play', 'is-primary'), act('cancel', 'Cancel the rest', 'cancel', 'is-danger')] : null);
    }

    async #act(name, button) {
        button.disabled = true;
        try {
            this.resource.value = await api.post(`/bulk-operations/${this.id_}/${name}`);
            this.show(this.resource);
        } catch (error) {
            toastError(error, 'That was refused.');
            this.resource.refresh();
        } finally {
            button.disabled = false;
        }
    }

    #facts(operation) {
        const fact = (name, ...value) => [h('dt', {}, name), h('dd', {}, value)];
        const ids = operation.filter?.ids;
        const says = filterWords(operation.filter).join(', ') || (operation.subject === 'tasks' ? 'every task' : 'every pending one');
        const to = ids ? null : operation.subject === 'tasks' ? null : href('/dead-letters', {view: 'entries', status: 'all', agent: operation.filter?.agent, error: operation.filter?.error_type, type: operation.filter?.task_type, min: operation.filter?.min_amount, group: operation.filter?.group});
        return [fact('Which', to ? h('a', {href: to}, says) : says), operation.note ? fact('Note', operation.note) : null,
            fact('Pace', operation.max_per_second ? `at most ${many(operation.subject, operation.max_per_second)} a second` : 'as fast as they can be taken', operation.canary ? ', a few first' : ''),
            fact('Begun', timeOf(operation.created_at), ` by ${actorName(operation.created_by)}`),
            operation.finished_at ? fact(words(operation.status)[0].toUpperCase() + words(operation.status).slice(1), timeOf(operation.finished_at), `, after ${span(Date.parse(operation.finished_at) - Date.parse(operation.created_at))}`) : null];
    }
}
define('k-bulk', Bulk);
