// Types of errors to choose from; none chosen means any.

import {h, setText} from '../core/dom.js';
import {words} from '../core/format.js';
import {FIELDS} from '../core/query.js';

/** `{element, values}`; `label`: what it says before the choice. */
export function errorPicker(label, chosen, onChange = () => {}) {
    const says = h('span', {});
    const boxes = FIELDS.error.values.map((type) => h('input', {type: 'checkbox', value: type, checked: chosen.includes(type), on: {change: () => { draw(); onChange(values()); }}}));
    const values = () => boxes.filter((box) => box.checked).map((box) => box.value);
    const draw = () => setText(says, values().map(words).join(', ') || 'any error');
    draw();
    const element = h('details', {class: 'error-picker'}, h('summary', {}, h('span', {class: 'muted'}, `${label} `), says),
        h('div', {class: 'error-boxes', role: 'group', 'aria-label': 'Types of errors'}, boxes.map((box) => h('label', {class: 'check'}, box, h('span', {}, words(box.value))))));
    return {element, values};
}
