// The sheet of keys, made from what is bound.

import {h} from '../core/dom.js';
import {all, areLettersOn} from '../core/keys.js';
import {sheet} from './dialog.js';

export function showKeys() {
    const groups = [...all()].map(([name, bindings]) => h('section', {}, h('h3', {}, name),
        h('dl', {class: 'key-list'}, bindings.map((binding) => [
            h('dt', {}, binding.keys.split(' ').map((key) => [h('kbd', {}, key), ' '])), h('dd', {}, binding.help)]))));
    return sheet({title: 'Keys', isWide: true, body: [
        areLettersOn() ? null : h('p', {class: 'note tone-copper'}, 'Single letters are switched off in Settings.'),
        h('div', {class: 'key-groups'}, groups)]});
}
