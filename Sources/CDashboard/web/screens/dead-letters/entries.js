// Dead letters one by one: a list to select in, which changes in place and never moves under the reader.

import {api, pages} from '../../core/api.js';
import {define, h, Part, replace, setText} from '../../core/dom.js';
import {compareAmounts, count, counted, money, shortID} from '../../core/format.js';
import {session} from '../../core/session.js';
import {store} from '../../core/store.js';
import {timeOf} from '../../core/time.js';
import {empty, failure, loading} from '../../components/empty.js';
import {rows} from '../../components/rows.js';
import {mark} from '../../components/state.js';
import {closing, entryOf, fits} from './groups.js';
import {REASONS, STATUSES} from './words.js';

const COLUMNS = [{label: 'Reason'}, {label: 'Task'}, {label: 'Error', class: 'wide'}, {label: 'Agent', class: 'wide'},
    {label: 'Attempts', class: 'end wide'}, {label: 'Money', class: 'end'}, {label: 'Age', class: 'end'}];

class Entries extends Part {
    /** `scroller`, `onOpen(entry, event)`, `onSelection()` are set before it comes onto the page. */
    mount() {
        this.entries = new Map();
        this.waiting = new Set();
        this.fresh = h('button', {class: 'pill is-new', type: 'button', hidden: true, on: {click: () => {
            // The button goes: who pressed it by key goes on in the list.
            this.scroller.focus({preventScroll: true});
            this.load(this.params, this.sort);
        }}});
        this.holder = h('div', {class: 'card list-card'}, loading(8));
        this.end = h('p', {class: 'list-end muted'});
        replace(this, h('div', {class: 'list-marks'}, this.fresh), this.holder, this.end);
        this.rows = rows({
            label: 'Dead letters', owner: this, scroller: this.scroller, canSelect: session.mayAct, keyOf: (entry) => entry.id, columns: COLUMNS,
            make: cells, update: refresh, onOpen: (entry, event) => this.onOpen(entry, event), onSelection: () => this.onSelection(),
        });
        this.scroller.addEventListener('scroll', () => this.more(), {passive: true, signal: this.signal});
        this.atEnd(store.on('events', (events) => this.take(events)));
        this.atEnd(store.on('reload', () => { if (this.params) this.load(this.params, this.sort); }));
    }

    get selected() { return [...this.rows.selected].map((id) => this.entries.get(id)).filter(Boolean); }

    /** Loads the list of these parameters; `sort`: '' for the newest first, or 'money'. */
    async load(params, sort = '') {
        const serial = this.serial = (this.serial ?? 0) + 1;
        Object.assign(this, {params, sort, cursor: null});
        this.waiting.clear();
        this.showFresh();
        this.rows.clearSelection();
        try {
            const page = sort === 'money' ? await this.#byMoney() : await api.get('/failed-tasks', {...params, limit: 100}, {signal: this.signal});
            if (serial !== this.serial) return;
            this.entries = new Map(page.data.map((entry) => [entry.id, entry]));
            this.cursor = page.next_cursor;
            this.scroller.scrollTop = Math.min(this.scroller.scrollTop, this.offsetTop);
            this.show();
        } catch (error) {
            if (error.name !== 'AbortError' && serial === this.serial) replace(this.holder, failure(error, () => this.load(params, sort)));
        }
    }

    /** The server lists by time; by money is sorted here, among the newest 1,000, whatever the currency. */
    async #byMoney() {
        const {items, hasMore} = await pages('/failed-tasks', this.params, 1_000, this.signal);
        this.isCut = hasMore;
        const amount = (entry) => entry.payment?.amount ?? '-1';
        const worth = (a, b) => !a.payment || !b.payment ? Number(!a.payment) - Number(!b.payment) : compareAmounts(amount(b), amount(a));
        return {data: items.sort(worth), next_cursor: null};
    }

    async more() {
        const {scrollTop, clientHeight, scrollHeight} = this.scroller;
        if (!this.cursor || this.isAsking || this.hidden || scrollTop + clientHeight < scrollHeight - 800) return;
        this.isAsking = true;
        const serial = this.serial;
        try {
            const page = await api.get('/failed-tasks', {...this.params, limit: 100, cursor: this.cursor}, {signal: this.signal});
            if (serial !== this.serial) return;
            for (const entry of page.data) this.entries.set(entry.id, entry);
            this.cursor = page.next_cursor;
            this.show();
        } catch (error) {
            if (error.name !== 'AbortError') setText(this.end, `The next rows could not be loaded: ${error.message}`);
        } finally {
            this.isAsking = false;
        }
    }

    show() {
        const entries = [...this.entries.values()];
        if (entries.length === 0) replace(this.holder, this.#nothing());
        else if (this.rows.element.parentNode !== this.holder) replace(this.holder, this.rows.element);
        this.rows.set(entries);
        setText(this.end, this.cursor ? 'Scroll on for more.' : this.sort === 'money' && this.isCut
            ? `The newest ${count(entries.length)}, by amount.` : entries.length > 20 ? `These are all ${counted(entries.length, 'entry', 'entries')}.` : '');
    }

    #nothing() {
        const {status, ...others} = this.params;
        if (Object.values(others).some(Boolean)) return empty('search', 'No dead letter fits', 'Loosen the filter, or look at all of them.', h('a', {class: 'button', href: '/dead-letters?view=entries'}, 'Remove the filter'));
        return status === 'pending' ? empty('check', 'Nothing waits for you', 'A task that fails for good comes here, with its input and what could mend it. Closed entries are found by their status.')
            : empty('dead_letters', status ? `None was ${status} yet` : 'No dead letter yet', 'What fails for good comes here, and stays findable after it is closed.');
    }

    /** Entries change in place; new ones wait in the pill. */
    take(events) {
        if (!this.params) return;
        for (const event of events) {
            const closed = closing(event);
            const known = closed && this.entries.get(closed.id);
            if (known) this.put({...known, status: closed.status, closed_at: event.at, closed_by: event.actor});
            if (closed) this.waiting.delete(closed.id);
            if (event.type !== 'moved_to_dlq' || this.params.status && this.params.status !== 'pending') continue;
            const entry = entryOf(event);
            if (!this.entries.has(entry.id) && fits(entry, this.params)) this.waiting.add(entry.id);
        }
        this.showFresh();
        if (this.entries.size === 0 && this.waiting.size && !this.hidden) this.load(this.params, this.sort);
    }

    put(entry) {
        if (!this.entries.has(entry.id)) return;
        this.entries.set(entry.id, entry);
        this.rows.set([...this.entries.values()]);
    }

    showFresh() {
        this.fresh.hidden = this.waiting.size === 0;
        setText(this.fresh, `${count(this.waiting.size)} new`);
    }
}

function cells(entry) {
    return [h('td', {class: 'cell-state'}),
        h('td', {class: 'cell-type'}, h('div', {class: 'cut'}, h('a', {class: 'row-link', href: `/dead-letters/${entry.id}`}, entry.task_type)), h('div', {class: 'cell-sub cut cell-id'}), h('div', {class: 'cell-reason'})),
        h('td', {class: 'wide cell-type'}, h('div', {class: 'cut'}), h('div', {class: 'cell-sub cut'})),
        h('td', {class: 'cut wide'}), h('td', {class: 'end wide'}), h('td', {class: 'end money'}), h('td', {class: 'end nowrap'}, timeOf(entry.failed_at))];
}

function refresh(row, entry) {
    const [state, type, error, agent, attempts, amount] = [...row.children].slice(row.check ? 1 : 0);
    if (row.status !== entry.status) {
        row.status = entry.status;
        row.classList.toggle('is-closed', entry.status !== 'pending');
        const [word] = REASONS[entry.reason] ?? [entry.reason];
        const look = entry.status === 'pending' ? {icon: 'dead_letters', tone: 'copper', word} : STATUSES[entry.status];
        replace(state, mark(look));
        // Where it is narrow the reason stands below the task's type.
        replace(type.lastElementChild, mark(look));
        state.title = REASONS[entry.reason]?.[1] ?? '';
    }
    setText(type.children[1], shortID(entry.task_id));
    type.children[1].title = entry.task_id;
    setText(error.firstElementChild, entry.error?.message ?? '–');
    error.title = entry.error?.message ?? '';
    setText(error.lastElementChild, entry.error ? `${entry.error.type.replaceAll('_', ' ')}${entry.error.http_status ? ` · HTTP ${entry.error.http_status}` : ''}` : '');
    setText(agent, entry.agent_id ?? '–');
    setText(attempts, entry.attempts);
    setText(amount, entry.payment ? money(entry.payment) : '–');
}

define('k-letter-entries', Entries);
