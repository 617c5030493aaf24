// Fields at which the faults of a 422 stand, found by their JSON pointers.

import {h, replace} from '../core/dom.js';
import {field} from './dialog.js';

let serial = 0;

/** `{slot, show, clear, add}` for one form. */
export function slots() {
    const known = new Map();

    /** A labelled field; faults whose pointer is `path`, or lies below it, stand under it. */
    function slot(path, label, input, hint = null) {
        const element = field(label, input, hint);
        add(path, input, element);
        return element;
    }

    /** The same for a field that is made elsewhere: its faults go to the end of `holder`. */
    function add(path, input, holder) {
        const fault = h('span', {class: 'fault', role: 'alert', id: `fault-${++serial}`});
        holder.append(fault);
        known.set(path, {input, fault});
    }

    function clear() {
        for (const {input, fault} of known.values()) {
            replace(fault);
            input.classList.remove('is-wrong');
            input.removeAttribute('aria-invalid');
        }
    }

    /** The field of a pointer, else the nearest one that holds it. */
    function nearest(pointer) {
        for (let path = pointer.replace(/^\//, ''); path; path = path.slice(0, Math.max(0, path.lastIndexOf('/')))) if (known.has(path)) return known.get(path);
        return known.get('') ?? null;
    }

    /** Shows each fault at its field and gives back those without one; the first wrong field gets the focus. */
    function show(faults) {
        clear();
        let first = null;
        const rest = faults.filter(({pointer, parameter, detail}) => {
            const place = nearest(pointer ?? parameter ?? '');
            if (!place) return true;
            place.fault.append(`${place.fault.textContent ? '; ' : ''}${detail}`);
            place.input.classList.add('is-wrong');
            place.input.setAttribute('aria-invalid', 'true');
            const said = new Set((place.input.getAttribute('aria-describedby') ?? '').split(' ').filter(Boolean));
            place.input.setAttribute('aria-describedby', [...said.add(place.fault.id)].join(' '));
            for (let fold = place.input.closest('details'); fold; fold = fold.parentElement.closest('details')) fold.open = true;
            first ??= place.input;
            return false;
        });
        first?.focus();
        return rest;
    }

    /** Runs what may be refused, in a sheet: true faults stay in the sheet at their fields, anything else is thrown. */
    async function guard(run) {
        clear();
        try {
            return await run();
        } catch (error) {
            const faults = error.problem?.errors ?? [];
            if (faults.length > 0 && show(faults).length === 0) return false;
            throw error;
        }
    }
    return {slot, add, show, clear, guard};
}

export const number = (value, more = {}) => h('input', {class: 'input', type: 'number', step: 'any', value: value ?? '', ...more});
export const text = (value, more = {}) => h('input', {class: 'input', type: 'text', value: value ?? '', spellcheck: 'false', autocomplete: 'off', ...more});

/** `options`: `[[value, label]]`. */
export function choice(value, options, more = {}) {
    const select = h('select', {class: 'input', ...more}, options.map(([key, label]) => h('option', {value: key}, label)));
    select.value = value;
    return select;
}

/** A box to tick, with its words. */
export function tick(isTicked, label, more = {}) {
    const input = h('input', {type: 'checkbox', checked: isTicked, ...more});
    return {input, element: h('label', {class: 'check'}, input, h('span', {}, label))};
}
