// Sheets that ask: on the browser's own dialog element, which keeps the focus and closes with Escape.

import {h, keepFocus, replace} from '../core/dom.js';
import {icon} from '../core/icons.js';
import {ApiError} from '../core/api.js';

let serial = 0;

/**
 * Opens a sheet. `body`: nodes; `acts`: `[{label, tone, run}]`, of which `run` may throw an ApiError, which is shown in
 * the sheet. The promise resolves with what the chosen act gave back, or undefined when it was closed.
 */
export function sheet({title, body, acts = [], isWide = false, closeLabel = 'Close'}) {
    return new Promise((resolve) => {
        const id = `sheet-${++serial}`;
        const fault = h('div', {role: 'alert'});
        let outcome;
        const run = async (act, button) => {
            button.disabled = true;
            replace(fault);
            try {
                outcome = await act.run();
                if (outcome !== false) dialog.close();
            } catch (error) {
                if (!(error instanceof ApiError)) throw error;
                replace(fault, h('div', {class: 'note tone-crack'}, icon('warning'), h('div', {}, h('p', {}, error.message),
                    error.faults.map((one) => h('p', {class: 'mono'}, one)))));
            } finally {
                button.disabled = false;
            }
        };
        const buttons = acts.map((act) => h('button', {
            class: `button ${act.tone === 'danger' ? 'is-danger is-primary' : act.tone === 'plain' ? '' : 'is-primary'}`,
            type: act.isDefault ? 'submit' : 'button', on: {click: (event) => { event.preventDefault(); run(act, event.currentTarget); }},
        }, act.label));
        const dialog = h('dialog', {class: isWide ? 'is-wide' : '', 'aria-labelledby': id},
            h('form', {method: 'dialog', on: {submit: (event) => {
                event.preventDefault();
                const index = acts.findIndex((act) => act.isDefault);
                if (index >= 0) run(acts[index], buttons[index]);
            }}},
            h('div', {class: 'dialog-head'}, h('h2', {id}, title),
                h('button', {class: 'button is-quiet is-icon push', type: 'button', 'aria-label': 'Close', on: {click: () => dialog.close()}}, icon('close'))),
            h('div', {class: 'dialog-body'}, body, fault),
            h('div', {class: 'dialog-foot'}, h('button', {class: 'button', type: 'button', on: {click: () => dialog.close()}}, closeLabel), buttons)));
        // The browser gives the focus back to where it was, if that is still there.
        dialog.addEventListener('close', () => { dialog.remove(); keepFocus(document.querySelector('.split-panel') ?? document.body); resolve(outcome); });
        dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
        document.body.append(dialog);
        dialog.showModal();
        (dialog.querySelector('[autofocus]') ?? dialog.querySelector('.dialog-body .input') ?? buttons[0])?.focus();
    });
}

/** Asks before something that cannot be undone. True: go on. */
export async function confirm({title, text, act, tone = 'danger'}) {
    return await sheet({title, body: h('p', {}, text), closeLabel: 'Leave it', acts: [{label: act, tone, run: () => true}]}) === true;
}

/** A labelled field for a sheet. */
export function field(label, input, hint = null) {
    const id = `field-${++serial}`;
    input.id = id;
    const hintID = hint ? `${id}-hint` : null;
    if (hintID) input.setAttribute('aria-describedby', hintID);
    return h('div', {class: 'field'}, h('label', {for: id}, label), input, hint ? h('span', {class: 'hint', id: hintID}, hint) : null);
}
