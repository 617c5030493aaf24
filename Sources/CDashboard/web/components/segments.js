// A row of choices of which one holds.

import {h, setAttribute} from '../core/dom.js';

/** `options`: `[[value, label]]`. The element has `choose(value)`, which shows a choice that was made elsewhere. */
export function segments(label, options, chosen, onChoose) {
    const buttons = options.map(([value, text]) => h('button', {
        class: 'segment', type: 'button', data: {value}, on: {click: () => onChoose(value)}}, text));
    const element = h('div', {class: 'segments', role: 'group', 'aria-label': label}, buttons);
    element.choose = (value) => { for (const button of buttons) setAttribute(button, 'aria-pressed', String(button.dataset.value === value)); };
    element.choose(chosen);
    return element;
}
