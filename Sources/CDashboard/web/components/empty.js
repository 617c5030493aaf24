// What stands where there is nothing, nothing yet, or nothing for this person: always with the next step.

import {h} from '../core/dom.js';
import {icon} from '../core/icons.js';

/** Nothing is there: says why, and what to do. */
export function empty(name, title, text, ...acts) {
    return h('div', {class: 'empty'}, icon(name), h('h2', {}, title), text ? h('p', {}, text) : null,
        acts.length ? h('div', {class: 'button-row'}, acts) : null);
}

/** It is on its way. */
export function loading(lines = 5) {
    return h('div', {class: 'skeleton', role: 'status', 'aria-label': 'Loading'}, Array.from({length: lines}, () => h('span')));
}

/** It went wrong. */
export function failure(error, again, level = 'h2') {
    const isMissing = error.status === 404;
    const isForbidden = error.status === 403;
    const title = isMissing ? 'Not found' : isForbidden ? 'Not for this role' : error.isOffline
        ? 'The server cannot be reached' : 'This could not be loaded';
    const text = isMissing ? 'It does not exist, or it belongs to another user.' : error.message;
    return h('div', {class: 'empty', role: 'alert'}, icon(isForbidden ? 'key' : 'warning'), h(level, {}, title), h('p', {}, text),
        again && !isMissing && !isForbidden
            ? h('button', {class: 'button', type: 'button', on: {click: again}}, icon('retry'), 'Try again') : null,
        isForbidden ? h('p', {class: 'faint'}, 'Sign in with a key of a higher role, or ask an admin.') : null);
}
