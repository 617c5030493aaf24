// The head of a task: state, type, id, agent, money, age, owner, and what one can do.

import {h, replace, setText} from '../../core/dom.js';
import {counted, money, shortID} from '../../core/format.js';
import {icon} from '../../core/icons.js';
import {href, setParams} from '../../core/router.js';
import {session} from '../../core/session.js';
import {timeOf} from '../../core/time.js';
import {cancel, retry, retryElsewhere, retryLater} from '../../components/acts.js';
import {copyButton, copyText} from '../../components/copy.js';
import {menu} from '../../components/menu.js';
import {stateMark, stateOf} from '../../components/state.js';
import {toastError} from '../../components/toast.js';
import {copies} from './copy-as.js';
import {editAndRetry} from './edit-and-retry.js';

export function mayRetry(task) { return task.status === 'failed' || task.status === 'cancelled'; }
export function mayCancel(task) { return ['pending', 'in_progress', 'waiting'].includes(task.status); }

/** `{element, update(model)}`; `level` is the heading's element. */
export function header(model, level) {
    const mark = h('span', {class: 'task-mark'});
    const facts = h('dl', {class: 'task-facts'});
    const acts = h('div', {class: 'button-row task-acts'});
    const progress = h('div', {class: 'task-progress', hidden: true});
    const {task} = model;
    const element = h('header', {class: 'task-head'},
        h('div', {class: 'task-title'}, mark, h(level, {}, task.type), acts),
        h('p', {class: 'task-id'}, h('span', {class: 'id', title: task.id}, task.id), copyButton(task.id, 'Copy the id')), facts, progress);
    let drawn = '';
    let acted = '';
    return {
        element,
        update({task: current}) {
            const state = stateOf(current);
            const signature = [state.word, state.icon, current.agent_id, current.round, current.attempt, current.finished_at].join();
            if (signature !== drawn) {
                drawn = signature;
                replace(mark, stateMark(current, {badge: true}));
                replace(facts, list(current));
            }
            const may = `${session.mayAct} ${mayRetry(current)} ${mayCancel(current)} ${current.status === 'waiting'}`;
            if (may !== acted) {
                acted = may;
                replace(acts, buttons(model));
            }
            showProgress(progress, current);
        },
    };
}

function list(task) {
    const fact = (name, ...value) => h('div', {}, h('dt', {}, name), h('dd', {}, value));
    return [
        task.agent_id ? fact('Agent', h('a', {href: `/agents/${task.agent_id}`}, task.agent_id)) : fact('Agent', 'none yet'),
        task.payment ? fact('Money', h('span', {class: 'money'}, money(task.payment))) : null,
        fact('Attempts', task.attempt === 0 ? 'none yet' : `${task.attempt}${task.round > 1 ? ` in ${counted(task.round, 'round')}` : ''}`),
        task.parent_task_id ? fact('Compensates', h('a', {href: `/tasks/${task.parent_task_id}`}, shortID(task.parent_task_id))) : null,
        fact('Made', timeOf(task.created_at)),
        fact('Owner', h('a', {href: href('/tasks', {q: `user:${task.user_id}`})}, task.user_id)),
    ];
}

/** How far it is, where the agent says so. */
function showProgress(element, task) {
    const isShown = task.status === 'in_progress' && task.progress !== null;
    element.hidden = !isShown;
    if (!isShown) return;
    const {percent, message} = task.progress;
    if (!element.firstChild) {
        replace(element, h('div', {class: 'progress', role: 'progressbar', 'aria-label': 'Progress', 'aria-valuemin': '0', 'aria-valuemax': '100'}, h('div', {class: 'progress-fill'})), h('span', {class: 'muted'}));
    }
    element.firstChild.setAttribute('aria-valuenow', String(percent));
    element.firstChild.style.setProperty('--share', String(percent / 100));
    setText(element.lastChild, `${percent} %${message ? ` · ${message}` : ''}`);
}

function buttons(model) {
    const {task} = model;
    const copy = menu('Copy as', () => copies(model.task, location.origin).map((one) => ({
        label: one.label, run: () => copyText(one.text, `${one.label} copied.`),
    })), {iconName: 'copy'});
    if (!session.mayAct) return copy;
    const again = mayRetry(task) ? [
        h('button', {class: 'button is-primary', type: 'button', title: 'Retry now (r)', on: {click: () => retry(model.task)}}, icon('retry'), 'Retry'),
        menu('', () => [
            {label: 'Now', icon: 'retry', hint: 'r', run: () => retry(model.task)},
            {label: 'With edited input …', icon: 'edit', run: () => editAndRetry(model.task, model.payload('input'))},
            {label: 'On another agent …', icon: 'agents', run: () => retryElsewhere(model.task).catch((error) => toastError(error, 'The agents could not be loaded.'))},
            {label: 'At a time …', icon: 'clock', run: () => retryLater(model.task)},
        ], {kind: 'button is-primary is-icon', name: 'Ways to retry', iconName: 'down'}),
    ] : null;
    const decide = task.status === 'waiting' ? h('button', {class: 'button is-primary', type: 'button', on: {click: () => setParams({tab: 'recovery'})}}, icon('waiting'), 'Decide') : null;
    const end = mayCancel(task) ? h('button', {class: 'button is-danger', type: 'button', title: 'Cancel (c)', on: {click: () => cancel(model.task)}}, icon('cancel'), 'Cancel') : null;
    return [again ? h('span', {class: 'button-pair'}, again) : null, decide, end, copy];
}
