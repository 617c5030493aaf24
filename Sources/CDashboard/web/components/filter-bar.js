// The filters of a list in a row; where it is narrow they fold behind a button that says how many are set.

import {h, replace, setAttribute} from '../core/dom.js';
import {icon} from '../core/icons.js';

/** `always`: what is never folded away; `inputs`: fields by name. The element has `count()`, to be called after a change. */
export function filterBar(always, inputs) {
    const toggle = h('button', {class: 'button is-small filters-toggle', type: 'button', 'aria-expanded': 'false', on: {click: () => {
        const isOpen = element.classList.toggle('is-open');
        setAttribute(toggle, 'aria-expanded', String(isOpen));
    }}});
    const element = h('div', {class: 'filters'}, always, toggle, Object.values(inputs));
    element.count = () => {
        const set = Object.values(inputs).filter((input) => input.value).length;
        replace(toggle, icon('filter'), set ? `Filter, ${set} set` : 'Filter');
    };
    element.count();
    return element;
}
