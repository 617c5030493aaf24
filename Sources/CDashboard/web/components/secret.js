// A secret that is shown once.

import {h} from '../core/dom.js';
import {icon} from '../core/icons.js';
import {copyButton} from './copy.js';
import {sheet} from './dialog.js';

/** Shows a secret that is never shown again; `after`: what stands below it. */
export function showSecret({title, text: says, secret, after = null}) {
    return sheet({title, closeLabel: 'I have stored it', body: h('div', {class: 'form'}, h('p', {class: 'note tone-copper'}, icon('warning'), h('span', {}, says)),
        h('div', {class: 'secret'}, h('code', {}, secret), copyButton(secret, 'Copy the secret')), after)});
}
