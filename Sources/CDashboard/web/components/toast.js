// Short words about what just happened, told to screen readers too.

import {h} from '../core/dom.js';
import {icon} from '../core/icons.js';

let region = null;

/** Shows a message; `act`: `{label, run}` for an undo or a link. Errors stay until they are closed. */
export function toast(text, {tone = 'accent', act = null, stay = tone === 'crack'} = {}) {
    region ??= document.body.appendChild(h('div', {class: 'toasts', role: 'status', 'aria-live': 'polite'}));
    const close = () => element.remove();
    const element = h('div', {class: `toast tone-${tone}`}, h('div', {class: 'grow'}, text),
        act ? h('button', {class: 'button is-small', type: 'button', on: {click: () => { close(); act.run(); }}}, act.label) : null,
        h('button', {class: 'button is-quiet is-icon is-small', type: 'button', 'aria-label': 'Close this message', on: {click: close}}, icon('close')));
    region.append(element);
    while (region.childElementCount > 4) region.firstElementChild.remove();
    if (!stay) setTimeout(close, act ? 8_000 : 5_000);
    return close;
}

/** Tells of an error of the API. */
export function toastError(error, what) {
    if (error.name === 'AbortError') return;
    const faults = error.faults?.length ? ` ${error.faults.join('; ')}` : '';
    toast(`${what} ${error.message}${faults}`, {tone: 'crack'});
}
