// The list of tasks: filtered by the chips of the query, each row with its seams, with the task that was chosen beside it.

import {api} from '../core/api.js';
import {define, h, Part, replace, setText} from '../core/dom.js';
import {counted, money, shortID} from '../core/format.js';
import {icon} from '../core/icons.js';
import {bind} from '../core/keys.js';
import {fault, formatAll, matches, parameters, parse} from '../core/query.js';
import {go, href, onPlace, place, setParams} from '../core/router.js';
import {session} from '../core/session.js';
import {store} from '../core/store.js';
import {everySecond, now, timeOf} from '../core/time.js';
import {actOnMany} from '../components/bulk.js';
import '../components/bulk-view.js';
import {empty, failure, loading} from '../components/empty.js';
import {menu} from '../components/menu.js';
import {rows} from '../components/rows.js';
import {drawSeams, seams} from '../components/seams.js';
import {split} from '../components/split.js';
import {stateMark, stateOf} from '../components/state.js';
import {waitOf} from '../components/why.js';

const QUICK = [
    ['', 'All'], ['status:pending,in_progress,waiting', 'Active'], ['status:waiting', 'Needs a person'], ['status:failed', 'Failed'],
    ['status:completed attempts:>1', 'Healed'], ['amount:>100', 'Over 100'],
];

class Tasks extends Part {
    mount() {
        this.split = split({onClose: () => this.close()});
        this.amount = h('span', {class: 'muted'});
        this.quick = h('div', {class: 'segments', role: 'group', 'aria-label': 'Common filters'});
        this.faults = h('div', {});
        this.fresh = h('button', {class: 'pill is-new', type: 'button', hidden: true, on: {click: () => this.showFresh()}});
        this.selection = h('div', {class: 'selection', hidden: true});
        this.holder = h('div', {class: 'card list-card'}, loading(8));
        this.end = h('p', {class: 'list-end muted'});
        replace(this.split.list, h('div', {class: 'screen tasks'},
            h('div', {class: 'screen-head'}, h('h1', {}, 'Tasks'), this.amount, h('span', {class: 'push'}), this.quick), this.faults,
            h('div', {class: 'list-marks'}, this.fresh), this.selection, this.holder, this.end));
        replace(this, this.split.element);
        this.rows = rows({
            label: 'Tasks', owner: this, scroller: this.split.list, canSelect: session.mayAct, keyOf: (task) => task.id,
            columns: [{label: 'State'}, {label: 'Type'}, {label: 'Attempts'}, {label: 'Agent', class: 'wide'}, {label: 'Money', class: 'end wide'}, {label: 'Made', class: 'end'}],
            make: cells, update: refresh, onOpen: (task, event) => this.open(task, event), onSelection: () => this.showSelection(),
        });
        this.rows.onCursor = (task) => { if (this.split.isOpen) this.select(task.id); };
        this.atEnd(onPlace(() => this.read()));
        this.atEnd(store.on('tasks', (changed) => this.changed(changed)));
        this.atEnd(store.on('reload', () => this.load()));
        this.atEnd(everySecond(() => this.rows.draw()));
        this.split.list.addEventListener('scroll', () => this.more(), {passive: true, signal: this.signal});
        this.atEnd(bind('Escape', 'Close the panel', () => this.close(), {group: 'Lists', when: () => this.split.isOpen}));
        this.read();
    }

    // The address

    read() {
        const {path, params} = place();
        if (path !== '/tasks') return;
        const text = params.get('q') ?? '';
        if (text !== this.text) {
            this.text = text;
            this.chips = parse(text);
            const wrong = this.chips.map(fault).filter(Boolean);
            replace(this.faults, wrong.map((one) => h('p', {class: 'note tone-crack', role: 'alert'}, icon('warning'), h('span', {}, one))));
            replace(this.quick, QUICK.map(([query, label]) => h('button', {
                class: 'segment', type: 'button', 'aria-pressed': String(formatAll(parse(query)) === formatAll(this.chips)),
                on: {click: () => go(href('/tasks', {q: query, task: place().params.get('task')}), {replace: true})},
            }, label)));
            this.load();
        }
        const [id, bulk] = [params.get('task'), params.get('bulk')];
        if (this.shown === (bulk ?? id)) return;
        this.shown = bulk ?? id;
        if (bulk) {
            this.split.open({label: 'The bulk operation', body: [h('h1', {class: 'visually-hidden panel-title'}, 'Bulk operation'), h('k-bulk', {'bulk-id': bulk})]});
        } else if (id) {
            this.rows.setCursor(id);
            this.split.open({label: 'The task', page: href(`/tasks/${id}`, {tab: params.get('tab')}), body: h('k-task', {'task-id': id})});
        } else {
            this.split.close();
        }
    }

    select(id) { setParams({task: id, event: null, bulk: null}); }

    close() { setParams({task: null, tab: null, event: null, bulk: null}); }

    /** The first time beside the list, then on a page of its own. */
    open(task, event) {
        if (event?.type === 'keydown' && this.shown === task.id) go(href(`/tasks/${task.id}`, {tab: place().params.get('tab')}));
        else this.select(task.id);
    }

    // The list

    async load() {
        const serial = this.serial = (this.serial ?? 0) + 1;
        this.isLoaded = false;
        this.params = {...parameters(this.chips, now()), include: 'attempts', limit: 100};
        this.ids = [];
        this.known = new Set();
        this.waiting = new Set();
        this.showFreshCount();
        this.rows.clearSelection();
        try {
            const page = await api.get('/tasks', this.params, {signal: this.signal});
            if (serial !== this.serial) return;
            this.take(page);
        } catch (error) {
            if (error.name !== 'AbortError' && serial === this.serial) replace(this.holder, failure(error, () => this.load()));
        }
    }

    take(page) {
        this.isLoaded = true;
        for (const task of page.data) this.waiting.delete(task.id);
        store.put(page.data);
        for (const task of page.data) if (!this.known.has(task.id)) { this.known.add(task.id); this.ids.push(task.id); }
        this.cursor = page.next_cursor;
        this.show();
        // What came while the list was on its way.
        if (this.waiting.size && this.ids.length === 0) this.showFresh();
        this.showFreshCount();
        // A page may be short although there are more: only so many rows are looked at for each.
        if (this.cursor && page.data.length === 0 && this.ids.length < 20) this.more(true);
    }

    async more(isWanted = false) {
        const {scrollTop, clientHeight, scrollHeight} = this.split.list;
        const isNear = scrollTop + clientHeight > scrollHeight - 800;
        if (!this.cursor || this.isAsking || !(isNear || isWanted)) return;
        this.isAsking = true;
        const serial = this.serial;
        try {
            const page = await api.get('/tasks', {...this.params, cursor: this.cursor}, {signal: this.signal});
            if (serial === this.serial) this.take(page);
        } catch (error) {
            if (error.name !== 'AbortError') setText(this.end, `The next rows could not be loaded: ${error.message}`);
        } finally {
            this.isAsking = false;
        }
    }

    show() {
        const tasks = this.ids.map((id) => store.task(id)).filter(Boolean);
        setText(this.amount, this.cursor ? `${counted(tasks.length, 'task')} loaded` : counted(tasks.length, 'task'));
        if (tasks.length === 0 && !this.cursor) {
            replace(this.holder, this.chips.length
                ? empty('search', 'No task fits', 'Remove a chip, or look at all of them.', h('a', {class: 'button', href: '/tasks'}, 'All tasks'))
                : empty('tasks', 'No task yet', 'The first one appears here the moment it is recorded.'));
        } else if (this.rows.element.parentNode !== this.holder) {
            replace(this.holder, this.rows.element);
        }
        this.rows.set(tasks);
        setText(this.end, this.cursor ? 'Scroll on for more.' : tasks.length > 20 ? 'These are all.' : '');
    }

    /** Rows that are there change at once; new ones wait in the pill, so that nothing moves under the reader. */
    changed(changed) {
        if (!this.ids) return;
        for (const id of changed) {
            if (this.known.has(id)) continue;
            const task = store.task(id);
            if (task && !this.waiting.has(id) && isNewer(id, this.ids[0]) && matches(this.chips, task, now())) this.waiting.add(id);
        }
        // At the top of a short list nothing is being read that could move.
        if (!this.isLoaded) return;
        if (this.waiting.size && this.ids.length === 0) this.showFresh();
        this.showFreshCount();
        this.show();
    }

    showFreshCount() {
        this.fresh.hidden = this.waiting.size === 0;
        setText(this.fresh, `${this.waiting.size > 999 ? '999+' : this.waiting.size} new`);
    }

    showFresh() {
        const fresh = [...this.waiting].sort().reverse();
        this.waiting.clear();
        for (const id of fresh) this.known.add(id);
        this.ids = [...fresh, ...this.ids].slice(0, 5_000);
        this.split.list.scrollTop = 0;
        // The button goes: who pressed it by key goes on in the list.
        if (document.activeElement === this.fresh) this.split.list.focus({preventScroll: true});
        this.showFreshCount();
        this.show();
    }

    // Acts on many

    showSelection() {
        const chosen = this.rows.selected;
        this.selection.hidden = chosen.size === 0;
        if (chosen.size === 0) return;
        const tasks = [...chosen].map((id) => store.task(id)).filter(Boolean);
        const ids = tasks.map((task) => task.id);
        const act = (name, filter, says) => actOnMany({subject: 'tasks', name, filter, says}).then((begun) => { if (begun) this.rows.clearSelection(); });
        const {include, limit, ...params} = this.params;
        const isAll = chosen.size === this.ids.length && this.cursor;
        // As many as the API takes by name; more than these are had by a filter.
        const isTooMany = ids.length > 1_000;
        replace(this.selection, h('strong', {}, `${counted(tasks.length, 'task')} selected`),
            isTooMany ? null : [h('button', {class: 'button is-small', type: 'button', on: {click: () => act('retry', {ids}, 'those that are selected')}}, icon('retry'), 'Retry…'),
                h('button', {class: 'button is-small is-danger', type: 'button', on: {click: () => act('cancel', {ids}, 'those that are selected')}}, icon('cancel'), 'Cancel…')],
            isAll || isTooMany ? menu('All that match', () => [['retry', 'retry', 'Retry all that match…'], ['cancel', 'cancel', 'Cancel all that match…']].map(([name, look, label]) => ({label, icon: look, run: () => act(name, params, this.text || null)})),
                {kind: 'button is-small', name: 'Act on all that match'}) : null,
            h('button', {class: 'button is-small is-quiet push', type: 'button', on: {click: () => this.rows.clearSelection()}}, 'Clear'));
    }
}

/** Ids are ordered by time: a task made after the newest one that is listed. */
function isNewer(id, first) { return first === undefined || id > first; }

function cells(task) {
    return [
        h('td', {class: 'cell-state'}), h('td', {class: 'cell-type'}, h('div', {class: 'cut'}, h('a', {class: 'row-link', href: `/tasks/${task.id}`}, task.type)), h('div', {class: 'cell-sub cut'})),
        h('td', {class: 'cell-seams'}, seams()), h('td', {class: 'cut wide'}), h('td', {class: 'end wide money'}), h('td', {class: 'end nowrap'}, timeOf(task.created_at)),
    ];
}

function refresh(row, task) {
    const offset = row.check ? 1 : 0;
    const [state, type, line, agent, amount] = [...row.children].slice(offset);
    const look = stateOf(task);
    if (row.word !== look.word) {
        row.word = look.word;
        replace(state, stateMark(task));
    }
    setText(type.lastElementChild, waitOf(task) || (task.status === 'failed' || task.error && task.status !== 'completed' ? task.error?.message : null) || shortID(task.id));
    drawSeams(line.firstElementChild, task, store.attempts(task.id));
    setText(agent, task.agent_id ?? task.capability ?? '–');
    setText(amount, task.payment ? money(task.payment) : '');
}

define('k-tasks', Tasks);
