// The triage inbox: what no automatic retry could mend, what it costs, and the acts that mend it.

import {define, h, Part, replace} from '../core/dom.js';
import {addAmounts, count, money} from '../core/format.js';
import {icon} from '../core/icons.js';
import {bind} from '../core/keys.js';
import {FIELDS} from '../core/query.js';
import {go, onPlace, place, setParams} from '../core/router.js';
import {session} from '../core/session.js';
import {resources} from '../core/store.js';
import {actOnMany} from '../components/bulk.js';
import '../components/bulk-view.js';
import {filterBar} from '../components/filter-bar.js';
import {menu} from '../components/menu.js';
import {segments} from '../components/segments.js';
import {split} from '../components/split.js';
import {ACTS, actOnOne} from './dead-letters/act.js';
import './dead-letters/entries.js';
import './dead-letters/group-list.js';
import './dead-letters/entry.js';
import './dead-letters/operations.js';

const STATUS = [['pending', 'Pending'], ['retried', 'Retried'], ['resolved', 'Resolved'], ['discarded', 'Discarded'], ['all', 'All']];
/** So many can be named one by one. */
const MOST = 1_000;
const SORTS = {'': [['', 'Most'], ['last_seen', 'Latest']], entries: [['', 'Newest'], ['money', 'By money']]};
/** Parameter of the address, of the API. */
const FILTERS = {agent: 'agent', error: 'error_type', type: 'task_type', min: 'min_amount', group: 'group'};
/** What groups cannot be filtered by: it belongs to single entries. */
const OF_ENTRIES = ['type', 'min', 'group'];

class DeadLetters extends Part {
    mount() {
        this.split = split({onClose: () => this.close()});
        this.page = h('div', {class: 'screen letter-page', hidden: true});
        this.entries = h('k-letter-entries', {hidden: true});
        Object.assign(this.entries, {scroller: this.split.list, onOpen: (entry, event) => this.open(entry, event), onSelection: () => this.showSelection()});
        this.groups = h('k-letter-groups', {hidden: true});
        this.operations = h('div', {});
        this.sums = h('div', {class: 'invariant'});
        this.view = segments('View', [['', 'Groups'], ['entries', 'Entries'], ['bulk', 'Bulk acts']], '', (value) => setParams({view: value, group: null, entry: null, sort: null}));
        this.status = segments('Status', STATUS, 'pending', (value) => setParams({status: value === 'pending' ? null : value, entry: null}));
        this.sorts = Object.fromEntries(Object.entries(SORTS).map(([view, choices]) => [view, segments('Order', choices, '', (value) => setParams({sort: value}))]));
        this.selection = h('div', {class: 'selection', hidden: true});
        this.all = session.mayAct ? menu('Act on all', () => Object.entries(ACTS).map(([name, act]) => ({label: `${act.verb} all that match…`, icon: act.icon, run: () => this.actOnAll(name)})),
            {kind: 'button is-small', name: 'Act on all that match'}) : null;
        this.#makeFilters();
        replace(this.split.list, h('div', {class: 'screen letters'},
            h('div', {class: 'screen-head'}, h('h1', {}, 'Dead letters'), this.view, this.all ? h('span', {class: 'push'}, this.all) : null),
            this.sums, this.filters, this.selection, this.groups, this.entries, this.operations));
        this.addEventListener('bulk-ended', () => { if (this.loaded) { this.loaded = null; this.read(); } });
        replace(this, this.split.element, this.page);
        this.atEnd(resources.summary.subscribe((one) => this.showSums(one)));
        this.atEnd(resources.agents.subscribe(() => this.#fillAgents()));
        this.atEnd(onPlace(() => this.read()));
        this.#keys();
        this.read();
    }

    #keys() {
        const group = 'Dead letters';
        const hasTarget = () => session.mayAct && (this.letter || this.entries.selected.length > 0 || !this.entries.hidden && this.entries.rows.current);
        this.atEnd(bind('e', 'Resolve', () => this.act('resolve'), {group, when: hasTarget}));
        this.atEnd(bind('r', 'Retry', () => this.act('retry'), {group, when: hasTarget}));
        this.atEnd(bind('Escape', 'Close the panel', () => this.close(), {group: 'Lists', when: () => this.split.isOpen && this.page.hidden}));
    }

    // The address

    read() {
        const {path, params} = place();
        const id = /^\/dead-letters\/([^/]+)$/.exec(path)?.[1] ?? null;
        if (!id && path !== '/dead-letters') return;
        this.#showPage(id);
        if (id) return;
        const view = ['entries', 'bulk'].includes(params.get('view')) ? params.get('view') : '';
        const isEntries = view === 'entries';
        const status = isEntries ? params.get('status') ?? 'pending' : 'pending';
        const filter = Object.fromEntries(Object.entries(FILTERS).map(([own, name]) => [name, params.get(own)]));
        this.filter = filter;
        this.view.choose(view);
        this.status.choose(status);
        for (const [of, sort] of Object.entries(this.sorts)) { sort.choose(params.get('sort') ?? ''); sort.hidden = of !== view; }
        this.status.hidden = !isEntries;
        this.filters.hidden = view === 'bulk';
        if (this.all) this.all.hidden = view === 'bulk' || status !== 'pending';
        this.groups.hidden = view !== '';
        this.entries.hidden = !isEntries;
        if ((view === 'bulk') !== !!this.operations.firstChild) replace(this.operations, view === 'bulk' ? this.#operations() : null);
        if (!isEntries) for (const own of OF_ENTRIES) this.filter[FILTERS[own]] = null;
        for (const own of OF_ENTRIES) if (this.inputs[own]) this.inputs[own].hidden = !isEntries;
        for (const [own, input] of Object.entries(this.inputs)) if (document.activeElement !== input) input.value = params.get(own) ?? '';
        this.filters.count();
        this.chip.hidden = !filter.group;
        const wanted = JSON.stringify([view, status, filter, params.get('sort')]);
        if (wanted !== this.loaded) {
            this.loaded = wanted;
            if (isEntries) this.entries.load({...filter, status: status === 'all' ? null : status}, params.get('sort') ?? '');
            else if (view === '') this.groups.load({...filter, sort: params.get('sort') ?? 'count'});
        }
        this.#showPanel(params.get('bulk') ? `bulk ${params.get('bulk')}` : params.get('entry'));
    }

    /** They are asked for as long as they are shown. */
    #operations() {
        return Object.assign(h('k-bulk-list'), {scroller: this.split.list, onOpen: (operation) => setParams({bulk: operation.id, entry: null})});
    }

    #showPage(id) {
        this.page.hidden = !id;
        this.split.element.hidden = !!id;
        if (id && this.pageID !== id) {
            replace(this.page, h('div', {class: 'screen-head'}, h('a', {class: 'button is-quiet is-small', href: '/dead-letters'}, icon('dead_letters'), 'All dead letters'), h('h1', {class: 'visually-hidden'}, 'Dead letter')),
                h('div', {class: 'card letter-card'}, this.letter = h('k-letter', {'entry-id': id})));
        } else if (!id && this.pageID) {
            replace(this.page);
            this.letter = null;
        }
        this.pageID = id;
    }

    #showPanel(id) {
        if (id === this.shown && this.split.isOpen === !!id) return;
        this.shown = id;
        this.letter = null;
        if (!id) return this.split.close();
        if (id.startsWith('bulk ')) {
            this.operations.firstChild?.rows.setCursor(id.slice(5));
            return this.split.open({label: 'The bulk operation', body: [h('h1', {class: 'visually-hidden panel-title'}, 'Bulk operation'), h('k-bulk', {'bulk-id': id.slice(5)})]});
        }
        this.entries.rows.setCursor(id);
        this.letter = h('k-letter', {'entry-id': id, on: {changed: (event) => this.entries.put(event.detail)}});
        this.letter.entry = this.entries.entries.get(id);
        this.split.open({label: 'The dead letter', page: `/dead-letters/${id}`, body: [h('h1', {class: 'visually-hidden panel-title'}, 'Dead letter'), this.letter]});
        this.entries.rows.onCursor ??= (entry) => { if (this.split.isOpen) setParams({entry: entry.id, bulk: null}); };
    }

    open(entry, event) {
        if (event?.type === 'keydown' && this.shown === entry.id) go(`/dead-letters/${entry.id}`);
        else setParams({entry: entry.id, bulk: null});
    }

    close() { setParams({entry: null, bulk: null, tab: null, event: null}); }

    // Sums and filters

    showSums({value, error}) {
        if (!value) { if (error && !error.isOffline) replace(this.sums, h('p', {class: 'muted'}, error.message)); return; }
        const isRight = value.in === value.out + value.pending;
        const figure = (number, word, title = null) => h('div', {class: 'invariant-part', title}, h('span', {class: 'invariant-figure'}, count(number)), h('span', {class: 'muted'}, word));
        replace(this.sums, h('div', {class: 'invariant-sum', role: 'group', 'aria-label': `in ${value.in} = out ${value.out} + pending ${value.pending}`},
            figure(value.in, 'in'), h('span', {class: 'invariant-sign'}, '='), figure(value.out, 'out', `${value.retried} retried, ${value.resolved} resolved, ${value.discarded} discarded`),
            h('span', {class: 'invariant-sign'}, '+'), figure(value.pending, 'pending'),
            h('span', {class: `state tone-${isRight ? 'glaze' : 'crack'}`, title: isRight ? 'Every entry that came in is out or pending: none was lost.' : 'Entries are missing: run kintsugi verify.'}, icon(isRight ? 'check' : 'warning'), isRight ? 'none lost' : 'does not add up')),
        h('p', {class: 'invariant-out muted'}, `Out: ${count(value.retried)} retried, ${count(value.resolved)} resolved, ${count(value.discarded)} discarded`),
        h('div', {class: 'invariant-money'}, value.value.length ? [value.value.map((sum) => h('span', {class: 'money sum'}, money(sum))), h('span', {class: 'muted'}, 'at stake')] : h('span', {class: 'muted'}, 'No money at stake')));
    }

    #makeFilters() {
        const change = (own) => (event) => { if (event.target.reportValidity()) setParams({[own]: event.target.value.trim(), entry: null}); };
        const choice = (own, label, all) => h('select', {class: 'input', 'aria-label': label, on: {change: change(own)}}, h('option', {value: ''}, all));
        const text = (own, label, more) => h('input', {class: 'input', type: 'text', 'aria-label': label, placeholder: label, spellcheck: 'false', autocomplete: 'off', ...more, on: {change: change(own)}});
        this.inputs = {
            agent: choice('agent', 'Agent', 'Any agent'), error: choice('error', 'Error', 'Any error'), type: text('type', 'Task type'),
            min: text('min', 'Least amount', {inputmode: 'decimal', pattern: '\\d{1,30}(\\.\\d{1,18})?', title: 'A number, such as 100'}),
        };
        this.inputs.error.append(...FIELDS.error.values.map((value) => h('option', {value}, value.replaceAll('_', ' '))));
        this.chip = h('span', {class: 'chip', hidden: true}, h('span', {class: 'chip-text'}, 'one kind of failure'),
            h('button', {class: 'chip-remove', type: 'button', 'aria-label': 'Show all kinds of failure', on: {click: () => setParams({group: null, entry: null})}}, icon('close')));
        this.filters = filterBar([this.status, ...Object.values(this.sorts), this.chip], this.inputs);
    }

    #fillAgents() {
        const select = this.inputs.agent;
        const ids = (resources.agents.value?.data ?? []).map((agent) => agent.id);
        const chosen = place().params.get('agent');
        if (chosen && !ids.includes(chosen)) ids.push(chosen);
        if (ids.join() === this.agentIDs) return;
        this.agentIDs = ids.join();
        replace(select, h('option', {value: ''}, 'Any agent'), ids.map((id) => h('option', {value: id}, id)));
        select.value = chosen ?? '';
    }

    // Acts

    /** On what is selected, else on the entry that is open, else on the row of the cursor. */
    async act(name) {
        const chosen = this.entries.hidden ? [] : this.entries.selected;
        if (this.page.hidden && chosen.length) {
            const begun = await actOnMany({subject: 'failed_tasks', name, filter: {ids: chosen.map((entry) => entry.id)}, says: 'those that are selected', value: sumsOf(chosen)});
            if (begun) this.entries.rows.clearSelection();
        } else if (this.letter?.isConnected) {
            await this.letter.act(name);
        } else {
            const entry = this.entries.rows.current;
            const after = entry?.status === 'pending' ? await actOnOne(name, entry) : null;
            if (after) this.entries.put(after);
        }
    }

    actOnAll(name) { return actOnMany({subject: 'failed_tasks', name, filter: this.filter}); }

    showSelection() {
        const {length} = this.entries.selected;
        this.selection.hidden = length === 0;
        if (length === 0) return;
        // As many as the API takes by name; more than these are had by a filter.
        replace(this.selection, h('strong', {}, `${count(length)} selected`), length > MOST ? h('span', {}, `At most ${count(MOST)} can be acted on one by one: filter them, and act on all.`) : Object.entries(ACTS).map(([name, act]) => h('button', {
            class: `button is-small${act.tone === 'danger' ? ' is-danger' : ''}`, type: 'button', on: {click: () => this.act(name)}}, icon(act.icon), `${act.verb}…`)),
        h('button', {class: 'button is-small is-quiet push', type: 'button', on: {click: () => this.entries.rows.clearSelection()}}, 'Clear'));
    }
}
define('k-dead-letters', DeadLetters);

/** The money of these entries, per currency. */
function sumsOf(entries) {
    const sums = new Map();
    for (const {payment} of entries) if (payment) sums.set(payment.currency, addAmounts(sums.get(payment.currency) ?? '0', payment.amount));
    return [...sums].map(([currency, amount]) => ({amount, currency}));
}
