// To the clipboard, on plain http too, where the browser has no clipboard interface.

import {h} from '../core/dom.js';
import {icon} from '../core/icons.js';
import {toast} from './toast.js';

export async function copyText(text, what = 'Copied.') {
    try {
        await navigator.clipboard.writeText(text);
    } catch {
        const area = h('textarea', {class: 'visually-hidden', 'aria-hidden': 'true'});
        area.value = text;
        (document.querySelector('dialog[open]') ?? document.body).append(area);
        area.select();
        document.execCommand('copy');
        area.remove();
    }
    toast(what);
}

/** A small button that copies what `text` gives when it is pressed. */
export function copyButton(text, label) {
    return h('button', {
        class: 'button is-quiet is-icon is-small', type: 'button', 'aria-label': label, title: label,
        on: {click: (event) => { event.stopPropagation(); copyText(typeof text === 'function' ? text() : text, `${label}: done.`); }},
    }, icon('copy'));
}
