// What was done to many at once, newest first: each can be opened again, whether it runs or is over.

import {api} from '../../core/api.js';
import {filterWords, isOver, lookOf, partsOf, shareWords, titleOf} from '../../core/bulk.js';
import {define, h, Part, replace} from '../../core/dom.js';
import {actorName, count} from '../../core/format.js';
import {href} from '../../core/router.js';
import {Resource} from '../../core/store.js';
import {timeOf} from '../../core/time.js';
import {empty, failure, loading} from '../../components/empty.js';
import {rows} from '../../components/rows.js';
import {mark} from '../../components/state.js';

const COLUMNS = [{label: 'State'}, {label: 'What'}, {label: 'How far', class: 'wide'}, {label: 'By', class: 'wide'}, {label: 'Begun', class: 'end'}];

class Operations extends Part {
    /** `scroller` and `onOpen(operation, event)` are set before it comes onto the page. */
    mount() {
        this.holder = h('div', {class: 'card list-card'}, loading(5));
        replace(this, this.holder);
        this.rows = rows({label: 'Bulk operations', owner: this, scroller: this.scroller, keyOf: (one) => one.id, columns: COLUMNS, make: cells, update: refresh, onOpen: (one, event) => this.onOpen(one, event)});
        this.resource = new Resource(() => api.get('/bulk-operations', {limit: 100}), {every: 2_500});
        this.atEnd(this.resource.subscribe((one) => this.show(one)));
    }

    show({value, error}) {
        if (!value) { if (error) replace(this.holder, failure(error, () => this.resource.refresh())); return; }
        if (value.data.length === 0) return void replace(this.holder, empty('dead_letters', 'Nothing was done to many yet', 'Retrying, resolving or discarding a whole kind of failure stands here while it runs and after, with what was passed over and why.'));
        if (this.rows.element.parentNode !== this.holder) replace(this.holder, this.rows.element);
        this.rows.set(value.data);
    }
}

function cells(operation) {
    return [h('td', {class: 'bulk-state'}), h('td', {class: 'cell-type'}, h('div', {class: 'cut'}, h('a', {class: 'row-link', href: href('/dead-letters', {view: 'bulk', bulk: operation.id})})), h('div', {class: 'cell-sub cut'})),
        h('td', {class: 'wide'}, h('div', {class: 'running'}, h('span', {}), h('div', {class: 'bulk-bar is-small', 'aria-hidden': 'true'}))), h('td', {class: 'wide cut'}, actorName(operation.created_by)), h('td', {class: 'end nowrap'}, timeOf(operation.created_at))];
}

function refresh(row, operation) {
    const signature = JSON.stringify([operation.status, operation.done, operation.failed, operation.remaining, operation.matched]);
    if (row.signature === signature) return;
    row.signature = signature;
    const [state, what, far] = row.children;
    replace(state, mark(lookOf(operation)));
    replace(what.querySelector('a'), titleOf(operation));
    replace(what.lastElementChild, filterWords(operation.filter).join(', ') || 'all');
    replace(far.querySelector('span'), isOver(operation) ? `${count(operation.done)} of ${count(operation.matched)}` : shareWords(operation));
    replace(far.querySelector('.bulk-bar'), partsOf(operation).map((part) => h('span', {class: `bulk-part is-${part.key} tone-${part.tone}`, css: {'--share': String(part.count)}})));
}

define('k-bulk-list', Operations);
