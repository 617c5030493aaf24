// A list with a panel beside it that shows what is selected; its width is remembered.

import {h, replace} from '../core/dom.js';
import {icon} from '../core/icons.js';

const KEY = 'kintsugi.panel';

/** `{element, list, open({label, page, body}), close(), isOpen}`; `onClose` hears when the person closes the panel. */
export function split({onClose}) {
    const list = h('div', {class: 'split-list', tabindex: '-1'});
    const panel = h('aside', {class: 'split-panel', tabindex: '-1'});
    const handle = h('button', {class: 'split-handle', type: 'button', 'aria-label': 'Width of the panel: left and right arrow keys', title: 'Drag to resize'});
    const element = h('div', {class: 'split'}, list);
    const width = (pixels) => {
        const value = Math.round(Math.min(Math.max(pixels, 352), Math.max(352, element.clientWidth - 330)));
        element.style.setProperty('--panel', `${value}px`);
        localStorage.setItem(KEY, String(value));
    };
    handle.addEventListener('pointerdown', (event) => {
        handle.setPointerCapture(event.pointerId);
        const move = (moved) => width(element.getBoundingClientRect().right - moved.clientX);
        handle.addEventListener('pointermove', move);
        handle.addEventListener('pointerup', () => handle.removeEventListener('pointermove', move), {once: true});
    });
    handle.addEventListener('keydown', (event) => {
        const step = {ArrowLeft: 32, ArrowRight: -32}[event.key];
        if (step) { event.preventDefault(); width(panel.clientWidth + step); }
    });
    return {
        element, list, panel,
        get isOpen() { return element.classList.contains('is-open'); },
        /** Shows `body` beside the list; `page`: the address of the same on a page of its own. */
        open({label, page, body}) {
            const stored = Number(localStorage.getItem(KEY));
            panel.setAttribute('aria-label', label);
            replace(panel, h('div', {class: 'panel-bar'},
                page ? h('a', {class: 'button is-quiet is-small', href: page, title: 'Open as a page (Enter)'}, icon('expand'), 'Full page') : null,
                h('button', {class: 'button is-quiet is-icon is-small push', type: 'button', 'aria-label': 'Close the panel', title: 'Close (Esc)', on: {click: onClose}}, icon('close'))), body);
            panel.scrollTop = 0;
            if (!element.classList.contains('is-open')) {
                element.append(handle, panel);
                element.classList.add('is-open');
                if (stored) width(stored);
            }
        },
        close() {
            const hadFocus = panel.contains(document.activeElement);
            element.classList.remove('is-open');
            handle.remove();
            panel.remove();
            replace(panel);
            if (hadFocus) (list.querySelector('.is-cursor a[href]') ?? list).focus({preventScroll: true});
        },
    };
}
