// A table of many rows: only those that can be seen are in the page. Rows are walked by j and k, marked by x, opened
// by Enter; the cursor stays on its row when others come and go.

import {h, keyed, nextFrame, setAttribute} from '../core/dom.js';
import {bind} from '../core/keys.js';

/** Up to this many rows stand in the page as they are; each costs a look at every event. */
const PLAIN = 60;
const BEYOND = 12;

/**
 * `columns`: `[{label, class?}]`; `keyOf(item)`; `make(item)` gives the row's cells, an array of `td` (or `th`) elements;
 * `update(row, item)`; `scroller`: the element that scrolls; `onOpen(item)`; `canSelect`; `onSelection(set)`.
 */
export function rows({label, columns, keyOf, make, update, scroller, onOpen, canSelect = false, onSelection = () => {}, owner}) {
    const body = h('tbody');
    const above = h('tbody', {'aria-hidden': 'true'}, h('tr', {class: 'spacer'}, h('td', {colspan: columns.length + (canSelect ? 1 : 0)})));
    const below = above.cloneNode(true);
    const all = canSelect ? h('input', {type: 'checkbox', 'aria-label': 'Select all that are loaded', on: {change: () => selectAll(all.checked)}}) : null;
    const table = h('table', {class: 'table', 'aria-label': label},
        h('thead', {}, h('tr', {}, canSelect ? h('th', {scope: 'col', class: 'cell-check'}, all) : null,
            columns.map((column) => h('th', {scope: 'col', class: column.class}, column.label)))), above, body, below);
    let items = [];
    let cursor = null;
    const selected = new Set();
    let rowHeight = 40;

    function row(item) {
        const key = keyOf(item);
        const check = canSelect ? h('input', {type: 'checkbox', 'aria-label': 'Select this row', on: {
            change: () => { mark(key, check.checked); }, click: (event) => event.stopPropagation()}}) : null;
        const element = h('tr', {data: {key}}, canSelect ? h('td', {class: 'cell-check'}, check) : null, make(item));
        element.check = check;
        element.addEventListener('click', (event) => {
            if (event.target.closest('a, button, input, label') || getSelection()?.toString()) return;
            setCursor(key);
            onOpen?.(items.find((one) => keyOf(one) === key), event);
        });
        return element;
    }

    function refresh(element, item) {
        const key = keyOf(item);
        element.classList.toggle('is-cursor', key === cursor);
        element.classList.toggle('is-selected', selected.has(key));
        if (element.check && element.check.checked !== selected.has(key)) element.check.checked = selected.has(key);
        update?.(element, item);
    }

    function visible() {
        if (items.length <= PLAIN) return [0, items.length];
        const top = table.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
        const first = Math.max(0, Math.floor((-top - 34) / rowHeight) - BEYOND);
        return [first, Math.min(items.length, first + Math.ceil(scroller.clientHeight / rowHeight) + 2 * BEYOND)];
    }

    function draw() {
        const [first, last] = visible();
        const space = (part, rowsLeft) => {
            part.hidden = rowsLeft === 0;
            part.firstElementChild.firstElementChild.style.height = `${rowsLeft * rowHeight}px`;
        };
        space(above, first);
        space(below, items.length - last);
        keyed(body, items.slice(first, last), keyOf, row, refresh);
        if (body.firstElementChild) rowHeight = body.firstElementChild.offsetHeight || rowHeight;
        setAttribute(table, 'aria-rowcount', items.length > PLAIN ? items.length + 1 : null);
        if (all) {
            all.checked = items.length > 0 && items.every((item) => selected.has(keyOf(item)));
            all.indeterminate = !all.checked && selected.size > 0;
        }
    }

    const soon = () => nextFrame(table, () => { if (table.isConnected) draw(); });
    scroller.addEventListener('scroll', () => { if (items.length > PLAIN) soon(); }, {passive: true, signal: owner.signal});
    addEventListener('resize', soon, {signal: owner.signal});

    function mark(key, value) {
        if (value) selected.add(key); else selected.delete(key);
        soon();
        onSelection(selected);
    }

    function selectAll(value) {
        selected.clear();
        if (value) for (const item of items) selected.add(keyOf(item));
        soon();
        onSelection(selected);
    }

    function setCursor(key) { cursor = key; soon(); }

    function move(step) {
        const index = items.findIndex((item) => keyOf(item) === cursor);
        const next = items[Math.min(items.length - 1, Math.max(0, index + step))];
        if (!next) return;
        setCursor(keyOf(next));
        const place = items.indexOf(next) * rowHeight;
        const top = table.getBoundingClientRect().top - scroller.getBoundingClientRect().top + 34 + place;
        if (top < 34) scroller.scrollBy({top: top - 34});
        else if (top + rowHeight > scroller.clientHeight) scroller.scrollBy({top: top + rowHeight - scroller.clientHeight});
        api.onCursor?.(next);
    }

    const current = () => items.find((item) => keyOf(item) === cursor);
    const group = 'Lists';
    owner.atEnd(bind('j', 'Next row', () => move(1), {group}));
    owner.atEnd(bind('k', 'Row before', () => move(-1), {group}));
    owner.atEnd(bind('Enter', 'Open, again for the full page', (event) => { if (current()) onOpen?.(current(), event); }, {group, when: () => !!current()}));
    if (canSelect) owner.atEnd(bind('x', 'Select the row', () => { if (current()) mark(cursor, !selected.has(cursor)); }, {group}));

    const api = {
        element: table, selected,
        /** Called with the item when the cursor is moved by keys. */
        onCursor: null,
        get items() { return items; },
        get current() { return current(); },
        set(list) {
            items = list;
            soon();
        },
        setCursor, clearSelection: () => selectAll(false), draw: soon, selectAll,
    };
    return api;
}
