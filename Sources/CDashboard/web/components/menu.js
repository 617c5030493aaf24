// A button that opens a list of acts or choices, by mouse or arrow keys.

import {h} from '../core/dom.js';
import {icon} from '../core/icons.js';

/** `items`: a function that gives `[{label, icon?, hint?, isChecked?, run}]` when the menu opens. */
export function menu(label, items, {kind = 'button', name = null, iconName = null} = {}) {
    const list = h('div', {class: 'menu-list', role: 'menu', 'aria-label': name ?? label, popover: 'auto'});
    const button = h('button', {
        class: kind, type: 'button', 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'aria-label': name,
        title: name, on: {click: () => list.togglePopover()},
    }, iconName ? icon(iconName) : null, label ? h('span', {}, label) : null);
    list.addEventListener('beforetoggle', (event) => {
        if (event.newState !== 'open') return;
        list.replaceChildren(...items().map((item) => h('button', {
            class: 'menu-item', type: 'button', role: item.isChecked === undefined ? 'menuitem' : 'menuitemradio',
            'aria-checked': item.isChecked === undefined ? null : String(item.isChecked), tabindex: '-1',
            on: {click: () => { list.hidePopover(); button.focus(); item.run(); }},
        }, item.icon ? icon(item.icon) : null, h('span', {}, item.label), item.hint ? h('span', {class: 'hint'}, item.hint) : null)));
    });
    list.addEventListener('toggle', (event) => {
        const isOpen = event.newState === 'open';
        button.setAttribute('aria-expanded', String(isOpen));
        if (!isOpen) return;
        place(button, list);
        (list.querySelector('[aria-checked="true"]') ?? list.firstElementChild)?.focus();
    });
    list.addEventListener('keydown', (event) => {
        const all = [...list.children];
        const index = all.indexOf(document.activeElement);
        const step = {ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: -1}[event.key];
        if (step === undefined) return;
        event.preventDefault();
        all.at(step % all.length)?.focus();
    });
    return h('div', {class: 'menu'}, button, list);
}

function place(button, list) {
    const anchor = button.getBoundingClientRect();
    const {offsetWidth: width, offsetHeight: height} = list;
    const left = Math.min(anchor.left, innerWidth - width - 8);
    const below = anchor.bottom + 4;
    list.style.left = `${Math.max(8, left)}px`;
    list.style.top = `${below + height > innerHeight - 8 ? Math.max(8, anchor.top - height - 4) : below}px`;
}
