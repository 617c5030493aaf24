// JSON as a tree: collapsible, searchable, with every number as it was written. What is large is made only when it is
// looked at. Texts stand as text: nothing in them is ever HTML, and what cannot be seen is written out.

import {h, replace, setText} from '../core/dom.js';
import {find, path, pretty, size, visible} from '../core/exact-json.js';
import {bytes, counted} from '../core/format.js';
import {icon} from '../core/icons.js';
import {copyText} from './copy.js';

/** So many members are made at once. */
const CHUNK = 100;
/** A longer text is cut until it is asked for. */
const LONG = 600;

/** A viewer of `{value, text}` (the value as `read` gives it, and its exact text); `name` is the file's when downloaded. */
export function jsonView({value, text}, {label, name}) {
    const root = branch(value, [], text);
    const tree = h('div', {class: 'json json-tree', role: 'group', 'aria-label': label}, root.element);
    if (size(value) > 0) root.open();
    for (const child of root.children ?? []) if (size(child.value) > 0 && size(child.value) <= 20 && root.children.length <= 30) child.open();
    const told = h('span', {class: 'faint json-found', role: 'status'});
    const search = h('input', {class: 'input json-search', type: 'search', placeholder: 'Find a key or value', 'aria-label': `Find in ${label}`, on: {
        input: () => look(), keydown(event) { if (event.key === 'Enter') { event.preventDefault(); step(event.shiftKey ? -1 : 1); } },
    }});
    let found = [];
    let index = -1;
    let lit = null;
    function look() {
        lit?.element.classList.remove('is-found');
        found = search.value.trim() ? find(value, search.value.trim()) : [];
        index = -1;
        if (found.length > 0) step(1); else setText(told, search.value.trim() ? 'Nothing found' : '');
    }
    function step(by) {
        if (found.length === 0) return;
        index = (index + by + found.length) % found.length;
        lit?.element.classList.remove('is-found');
        lit = reveal(root, found[index]);
        lit.element.classList.add('is-found');
        lit.element.scrollIntoView({block: 'nearest'});
        setText(told, `${index + 1} of ${found.length}${found.length >= 500 ? ' and more' : ''}`);
    }
    const wrap = h('button', {class: 'button is-small', type: 'button', 'aria-pressed': 'true', on: {click: () => {
        const isOn = tree.classList.toggle('is-unwrapped');
        wrap.setAttribute('aria-pressed', String(!isOn));
    }}}, 'Wrap');
    let isUnfolded = false;
    const all = h('button', {class: 'button is-small', type: 'button', on: {click: () => {
        isUnfolded = !isUnfolded;
        if (isUnfolded) unfold(root); else fold(root);
        setText(all, isUnfolded ? 'Fold' : 'Unfold');
    }}}, 'Unfold');
    tree.addEventListener('click', (event) => {
        const button = event.target.closest('[data-copy]');
        const node = button?.closest('.json-line').node;
        if (!node) return;
        if (button.dataset.copy === 'path') copyText(path(node.keys), 'Path copied.');
        else copyText(node.value.kind === 'string' ? node.value.value : text.slice(node.value.start - root.value.start, node.value.end - root.value.start), 'Value copied.');
    });
    return h('div', {class: 'json-view'},
        h('div', {class: 'json-bar'}, search, told, h('span', {class: 'push'}), h('span', {class: 'faint nowrap'}, bytes(new TextEncoder().encode(text).length)),
            size(value) > 0 ? all : null, wrap,
            h('button', {class: 'button is-small', type: 'button', title: 'Exactly as it was sent', on: {click: () => copyText(text, `${label} copied.`)}}, icon('copy'), 'Copy'),
            h('button', {class: 'button is-small is-icon', type: 'button', 'aria-label': `Download ${label}`, title: 'Download', on: {click: () => download(name, text)}}, icon('download'))),
        h('div', {class: 'json-scroll', tabindex: '0', role: 'region', 'aria-label': label}, tree));
}

/** Saves a text as a file. */
export function download(name, text, type = 'application/json') {
    const url = URL.createObjectURL(new Blob([text], {type}));
    h('a', {href: url, download: name}).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** A value in the tree, and what it can do. */
function branch(value, keys, text) {
    const amount = size(value);
    const isBox = amount > 0;
    const key = keys.at(-1);
    const inner = isBox ? h('div', {class: 'json-inner', hidden: true}) : null;
    const preview = h('span', {class: 'json-mark'});
    const toggle = isBox ? h('button', {class: 'json-toggle', type: 'button', 'aria-expanded': 'false', 'aria-label': `${key === undefined ? 'The whole' : String(key)}, ${counted(amount, 'member')}`, on: {click: () => node.isOpen ? node.close() : node.open()}}, icon('chevron')) : h('span', {class: 'json-toggle'});
    const line = h('div', {class: 'json-line'}, toggle,
        h('div', {class: 'json-text-line'},
            key === undefined ? null : [h('span', {class: typeof key === 'number' ? 'json-mark' : 'json-key'}, typeof key === 'number' ? String(key) : shown(`"${escaped(key)}"`)), h('span', {class: 'json-mark'}, ': ')],
            isBox ? preview : leaf(value)),
        h('span', {class: 'json-acts'},
            key === undefined ? null : act('path', 'link', `Copy the path of ${key}`), act('value', 'copy', `Copy the value${key === undefined ? '' : ` of ${key}`}`)));
    const closing = value.kind === 'object' ? '}' : ']';
    const end = isBox ? h('div', {class: 'json-line json-mark', hidden: true}, h('span', {class: 'json-toggle'}), closing) : null;
    const element = h('div', {class: 'json-node'}, line, inner, end);
    const node = {value, keys, element, children: null, isOpen: false, shown: 0};
    line.node = node;
    const opening = value.kind === 'object' ? '{' : '[';
    const draw = () => setText(preview, node.isOpen ? opening : `${opening} ${counted(amount, value.kind === 'object' ? 'member' : 'item')} ${closing}`);
    if (!isBox) return node;
    const items = value.kind === 'object' ? value.entries : value.items.map((item, index) => [index, item]);
    const more = h('button', {class: 'button is-small json-more', type: 'button', hidden: true, on: {click: () => node.make(node.shown + CHUNK)}});
    /** Makes children up to this number. */
    node.make = (upTo) => {
        node.children ??= [];
        while (node.shown < Math.min(upTo, items.length)) {
            const [name, child] = items[node.shown];
            const made = branch(child, [...keys, name], text);
            node.children.push(made);
            more.before(made.element);
            node.shown += 1;
        }
        more.hidden = node.shown >= items.length;
        setText(more, `Show ${Math.min(CHUNK, items.length - node.shown)} more of ${items.length}`);
    };
    node.open = () => {
        if (!node.children) { inner.append(more); node.make(CHUNK); }
        node.isOpen = true;
        inner.hidden = end.hidden = false;
        toggle.setAttribute('aria-expanded', 'true');
        draw();
    };
    node.close = () => {
        node.isOpen = false;
        inner.hidden = end.hidden = true;
        toggle.setAttribute('aria-expanded', 'false');
        draw();
    };
    /** The child of this key, made if it was not there. */
    node.child = (name) => {
        const place = items.findLastIndex(([one]) => one === name);
        node.open();
        node.make(Math.ceil((place + 1) / CHUNK) * CHUNK);
        return node.children[place];
    };
    draw();
    return node;
}

function act(kind, iconName, label) {
    return h('button', {class: 'json-act', type: 'button', data: {copy: kind}, 'aria-label': label, title: kind === 'path' ? 'Copy the path' : 'Copy the value'}, icon(iconName));
}

function escaped(text) { return text.replace(/["\\]/g, '\\$&'); }

/** A text with what cannot be seen written out and marked. */
function shown(text) {
    return visible(text).map((part) => part.isEscape ? h('span', {class: 'json-escape'}, part.text) : part.text);
}

function leaf(value) {
    if (value.kind === 'object') return h('span', {class: 'json-mark'}, '{}');
    if (value.kind === 'array') return h('span', {class: 'json-mark'}, '[]');
    if (value.kind === 'number') return h('span', {class: 'json-number'}, value.text);
    if (value.kind === 'word') return h('span', {class: 'json-word'}, value.text);
    const element = h('span', {class: 'json-text'});
    const whole = () => replace(element, '"', shown(escaped(value.value)), '"');
    if (value.value.length <= LONG) whole();
    else replace(element, '"', shown(escaped(value.value.slice(0, LONG / 2))), '… ', h('button', {class: 'button is-small', type: 'button', on: {click: whole}}, `show all ${value.value.length} characters`));
    return element;
}

/** Opens the way to a value, and gives its node. */
function reveal(root, keys) { return keys.reduce((node, key) => node.child(key), root); }

/** Opens all, as long as that is not too much to look at. */
function unfold(root) {
    let budget = 2_000;
    const queue = [root];
    while (queue.length > 0 && budget > 0) {
        const node = queue.shift();
        if (!node.open) continue;
        node.open();
        budget -= node.children.length;
        queue.push(...node.children);
    }
}

/** Closes all but the first level. */
function fold(node) {
    for (const child of node.children ?? []) if (child.close) { fold(child); child.close(); }
}

/** A plain block of pretty JSON with its copy button, for what is small. */
export function jsonBlock(value, text, label) {
    return h('div', {class: 'json-block'}, h('pre', {class: 'json', tabindex: '0', role: 'region', 'aria-label': label}, shownLines(pretty(value))),
        h('button', {class: 'button is-small json-block-copy', type: 'button', on: {click: () => copyText(text, 'JSON copied.')}}, icon('copy'), 'Copy'));
}

/** Lines of JSON text; what cannot be seen is written out, but the breaks between lines are. */
export function shownLines(text) {
    return text.split('\n').flatMap((line, index) => [index > 0 ? '\n' : null, shown(line)]);
}
