// One task: what it is doing and why, what one can do about it, and all that is known of it, in tabs.

import {define, h, Part, replace, setAttribute, setText, stylesheet} from '../core/dom.js';
import {bind} from '../core/keys.js';
import {onPlace, place, setParams} from '../core/router.js';
import {session} from '../core/session.js';
import {shortID} from '../core/format.js';
import {icon} from '../core/icons.js';
import {cancel, retry} from '../components/acts.js';
import {failure, loading} from '../components/empty.js';
import {tabs} from '../components/tabs.js';
import {whyLine} from '../components/why.js';
import {header, mayCancel, mayRetry} from './task/header.js';
import {TaskModel} from './task/model.js';

await stylesheet(new URL('../styles/task.css', import.meta.url));

/** The tabs: key, label, and the view, whose module comes when the tab is first opened. */
const TABS = [
    ['overview', 'Overview', () => import('./task/overview.js').then((one) => one.overviewView)],
    ['timeline', 'Timeline', () => import('./task/timeline.js').then((one) => one.timelineView)],
    ['attempts', 'Attempts', () => import('./task/attempts.js').then((one) => one.attemptsView)],
    ['payload', 'Input/Output', () => import('./task/payload.js').then((one) => one.payloadView)],
    ['payment', 'Payment', () => import('./task/payment.js').then((one) => one.paymentView)],
    ['recovery', 'Recovery', () => import('./task/recovery.js').then((one) => one.recoveryView)],
];

class Task extends Part {
    static observedAttributes = ['task-id'];

    mount() {
        this.atEnd(onPlace(() => this.choose()));
        const group = 'Task';
        const may = (test) => () => session.mayAct && this.model?.task && test(this.model.task);
        this.atEnd(bind('r', 'Retry the task', () => retry(this.model.task), {group, when: may(mayRetry)}));
        this.atEnd(bind('c', 'Cancel the task', () => cancel(this.model.task), {group, when: may(mayCancel)}));
        this.show();
    }

    unmount() { this.leave(); }

    attributeChangedCallback(name, before, after) { if (this.signal && before !== after) this.show(); }

    leave() {
        this.view?.end?.();
        this.view = null;
        this.tabs = null;
        this.model?.stop();
        this.model = null;
    }

    /** Begins anew with the task that the attribute names. */
    show() {
        this.leave();
        replace(this, loading(9));
        const model = this.model = new TaskModel(this.getAttribute('task-id'), this.signal);
        model.subscribe(() => { if (this.model === model) this.refresh(); });
        model.start();
    }

    refresh() {
        const {model} = this;
        if (!model.task || model.error?.status === 404 || model.error?.status === 403) {
            if (model.error) { this.tabs = null; replace(this, failure(model.error, () => this.show(), this.hasAttribute('is-page') ? 'h1' : 'h2')); }
            return;
        }
        const isNew = !this.tabs;
        if (isNew) this.build();
        this.head.update(model);
        this.why.update(model.task, model.escalation?.data);
        this.badge();
        if (isNew) this.reveal();
        setText(this.fault, model.error ? `${model.error.message} What is shown may be old.` : '');
        this.fault.hidden = !model.error;
        this.view?.update?.();
        this.dispatchEvent(new CustomEvent('task-known', {detail: model.task}));
    }

    build() {
        this.head = header(this.model, this.hasAttribute('is-page') ? 'h1' : 'h2');
        this.why = whyLine();
        this.fault = h('p', {class: 'note tone-copper', role: 'status', hidden: true});
        this.body = h('div', {class: 'task-body'});
        replace(this, h('div', {class: 'task'}, this.head.element, this.why, this.fault, this.body));
        this.tabs = tabs(TABS.map(([key, label, load]) => ({key, label, draw: (panel) => { this.open(panel, label, load); }})), {
            label: 'About this task', chosen: place().params.get('tab') ?? 'overview',
            onChoose: (key) => setParams({tab: key === 'overview' ? null : key, event: null}),
        });
        replace(this.body, this.tabs.element);
        this.badged = null;
    }

    /** Shows a view, unless another tab or task was chosen before its module had come. */
    async open(panel, label, load) {
        this.view?.end?.();
        this.view = null;
        const wanted = this.wanted = load;
        const {model} = this;
        let view;
        try { view = await load(); } catch (error) { return replace(panel, failure(error, () => location.reload())); }
        if (this.wanted !== wanted || this.model !== model) return;
        this.view = view(model);
        // On a page of its own the title is the first heading, and the tab the second.
        replace(panel, this.hasAttribute('is-page') ? h('h2', {class: 'visually-hidden'}, label) : null, this.view.element);
        this.view.update?.();
    }

    /** On a phone the chosen tab may be beyond the edge. */
    reveal() {
        const tab = this.tabs.element.querySelector('[aria-selected="true"]');
        const bar = tab.parentElement;
        bar.scrollLeft += tab.getBoundingClientRect().left - bar.getBoundingClientRect().left - (bar.clientWidth - tab.offsetWidth) / 2;
    }

    /** The tab of the address, as when Back was pressed or a link leads to another. */
    choose() {
        if (!this.tabs || !this.isConnected) return;
        this.tabs.choose(place().params.get('tab') ?? 'overview');
        this.reveal();
        this.view?.arrive?.();
    }

    badge() {
        const {task, events, hasAll} = this.model;
        const signature = `${task.attempt} ${events.length} ${task.status === 'waiting'} ${task.payment === null}`;
        if (signature === this.badged) return;
        this.badged = signature;
        this.tabs.label('timeline', 'Timeline', h('span', {class: 'badge'}, `${events.length}${hasAll ? '' : '+'}`));
        this.tabs.label('attempts', 'Attempts', task.attempt ? h('span', {class: 'badge'}, String(task.attempt)) : null);
        this.tabs.label('recovery', 'Recovery', task.status === 'waiting' ? h('span', {class: 'badge tone-person'}, '1') : null);
    }
}
define('k-task', Task);

/** The task that the address names. */
function taskOf() { return /^\/tasks\/([^/]+)$/.exec(place().path)?.[1] ?? ''; }

/** A task on a page of its own. */
class TaskPage extends Part {
    mount() {
        this.crumb = h('span', {class: 'id'});
        this.task = h('k-task', {'is-page': true, 'task-id': taskOf()});
        this.task.addEventListener('task-known', ({detail}) => setText(this.crumb, shortID(detail.id)), {signal: this.signal});
        replace(this, h('div', {class: 'screen task-page'},
            h('nav', {class: 'crumbs', 'aria-label': 'Where this is'}, h('a', {href: '/tasks'}, 'Tasks'), icon('chevron'), this.crumb), this.task));
        this.atEnd(onPlace(() => { if (taskOf()) setAttribute(this.task, 'task-id', taskOf()); }));
    }
}
define('k-task-page', TaskPage);
