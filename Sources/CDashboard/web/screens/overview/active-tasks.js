// The Active Tasks panel: everything pending and in progress, live, what needs attention first.

import {api} from '../../core/api.js';
import {define, h, keyed, Part, replace, setAttribute, setText} from '../../core/dom.js';
import {compact, ticking} from '../../core/format.js';
import {icon} from '../../core/icons.js';
import {resources, store} from '../../core/store.js';
import {session} from '../../core/session.js';
import {everySecond, now} from '../../core/time.js';
import {cancelNow} from '../../components/acts.js';
import {empty, failure, loading} from '../../components/empty.js';
import {drawSeams, seams} from '../../components/seams.js';
import {stateMark, stateOf} from '../../components/state.js';
import {waitOf} from '../../components/why.js';

const SHOWN = 12;

/** What needs attention first: a person, then money, then those that have failed before, then the oldest. Pure. */
export function attention(task) {
    let score = 0;
    if (task.status === 'waiting') score += 8;
    if (task.attempt > 1 || task.error) score += 4;
    if (task.status_reason === 'breaker_open') score += 2;
    if (task.status === 'in_progress') score += 1;
    return score;
}

class ActiveTasks extends Part {
    mount() {
        this.total = h('span', {class: 'badge'});
        this.list = h('ul', {class: 'active'});
        this.body = h('div', {}, loading(6));
        this.foot = h('p', {class: 'card-foot', hidden: true});
        replace(this, h('section', {class: 'card', 'aria-labelledby': 'active-title'},
            h('div', {class: 'card-head'}, h('h2', {id: 'active-title'}, 'Active tasks'), this.total), this.body, this.foot));
        this.atEnd(store.on('tasks', () => this.redraw()));
        this.atEnd(store.on('reload', () => this.load()));
        this.atEnd(resources.health.subscribe(() => this.redraw()));
        this.atEnd(everySecond(() => this.redraw()));
        this.load();
    }

    async load() {
        try {
            const page = await api.get('/tasks', {status: 'pending,in_progress,waiting', limit: 200, include: 'attempts'}, {signal: this.signal});
            store.put(page.data);
            this.isLoaded = true;
            this.redraw();
        } catch (error) {
            if (error.name !== 'AbortError' && !this.isLoaded) replace(this.body, failure(error, () => this.load()));
        }
    }

    draw() {
        if (!this.isLoaded) return;
        const found = [];
        for (const task of store.all()) if (task.status === 'pending' || task.status === 'in_progress' || task.status === 'waiting') found.push(task);
        const counts = resources.health.value?.counts;
        const total = Math.max(found.length, counts ? counts.pending + counts.in_progress + counts.waiting : 0);
        setText(this.total, compact(total));
        const shown = this.#best(found);
        if (shown.length === 0) {
            if (!this.isEmpty) replace(this.body, empty('check', 'Nothing is under way', 'New tasks appear here the moment they are recorded.'));
            this.isEmpty = true;
        } else {
            if (this.list.parentNode !== this.body) replace(this.body, this.list);
            this.isEmpty = false;
            keyed(this.list, shown, (task) => task.id, row, update);
        }
        this.foot.hidden = total <= shown.length;
        if (!this.foot.firstChild) replace(this.foot, h('a', {href: '/tasks?q=status%3Apending%2Cin_progress%2Cwaiting'}));
        setText(this.foot.firstChild, `All ${compact(total)} active tasks`);
    }

    /** Rows stay where they are while they are active; a free place goes to who needs attention most. */
    #best(found) {
        const alive = new Map(found.map((task) => [task.id, task]));
        const isWorse = (a, b) => attention(b) - attention(a) || (a.id < b.id ? -1 : 1);
        const kept = (this.places ?? []).filter((id) => alive.has(id));
        // Once in a while the order is made anew, never under the pointer.
        if (!this.matches(':hover, :focus-within') && now() - (this.orderedAt ?? 0) > 4_000) {
            this.orderedAt = now();
            this.places = found.sort(isWorse).slice(0, SHOWN).map((task) => task.id);
        } else if (kept.length < SHOWN) {
            const there = new Set(kept);
            const more = found.filter((task) => !there.has(task.id)).sort(isWorse).slice(0, SHOWN - kept.length);
            this.places = [...kept, ...more.map((task) => task.id)];
        } else {
            this.places = kept;
        }
        return this.places.map((id) => alive.get(id)).filter(Boolean);
    }
}

function row(task) {
    const parts = {
        state: h('span', {class: 'active-state'}), type: h('a', {class: 'row-link', href: `/tasks/${task.id}`}),
        attempt: h('span', {class: 'muted'}), wait: h('span', {class: 'muted'}), elapsed: h('span', {class: 'active-elapsed', title: 'Since it was made'}),
        fill: h('div', {class: 'progress-fill'}), percent: h('span', {class: 'faint'}), seams: seams(),
    };
    parts.progress = h('div', {class: 'progress', role: 'progressbar', 'aria-label': 'Progress', 'aria-valuemin': 0, 'aria-valuemax': 100}, parts.fill);
    const cancel = session.mayAct ? h('button', {
        class: 'button is-quiet is-icon is-small', type: 'button', 'aria-label': `Cancel ${task.type}`, title: 'Cancel',
        on: {click: () => cancelNow(store.task(task.id) ?? task)},
    }, icon('cancel')) : null;
    const element = h('li', {class: 'active-row', data: {task: task.id}}, parts.state,
        h('div', {class: 'active-what'}, parts.type, h('span', {class: 'active-detail'}, parts.attempt, parts.wait)),
        h('div', {class: 'active-track'}, parts.seams, h('div', {class: 'active-progress'}, parts.progress, parts.percent)), parts.elapsed, cancel);
    element.parts = parts;
    return element;
}

function update(element, task) {
    const {parts} = element;
    const look = stateOf(task);
    if (parts.word !== look.word) {
        parts.word = look.word;
        replace(parts.state, stateMark(task));
    }
    setText(parts.type, task.type);
    const most = task.max_attempts ?? task.retry_policy?.max_attempts;
    const next = task.status === 'pending' ? Math.min(task.round_attempt + 1, most ?? Infinity) : Math.max(1, task.round_attempt);
    setText(parts.attempt, task.status === 'pending' && task.attempt === 0 ? task.agent_id ?? task.capability ?? '' : `${next} of ${most ?? '?'}${task.agent_id ? ` · ${task.agent_id}` : ''}`);
    setText(parts.wait, waitOf(task));
    setText(parts.elapsed, ticking(now() - Date.parse(task.created_at)));
    const isRunning = task.status === 'in_progress';
    const share = task.progress ? task.progress.percent / 100 : null;
    parts.progress.hidden = !isRunning;
    parts.progress.classList.toggle('is-unknown', isRunning && share === null);
    parts.fill.style.setProperty('--share', share ?? 0);
    setAttribute(parts.progress, 'aria-valuenow', share === null ? null : Math.round(share * 100));
    setText(parts.percent, share === null ? '' : `${Math.round(share * 100)} %`);
    setAttribute(parts.percent, 'title', task.progress?.message);
    drawSeams(parts.seams, task, store.attempts(task.id));
}

define('k-active-tasks', ActiveTasks);
