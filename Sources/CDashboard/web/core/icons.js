// Icons as shapes on a 16 by 16 grid, drawn with the current colour. Each state has a shape of its own.

import {svg} from './dom.js';

const PATHS = {
    // states
    pending: ['M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Z'],
    queued: ['M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Z', 'M8 5v3.2l2 1.3'],
    backoff: ['M3 8a5 5 0 1 0 1.6-3.7', 'M3 2.8v2.6h2.6', 'M8 5.2v3l2 1.2'],
    held: ['M5.5 3.5v9', 'M10.5 3.5v9'],
    in_progress: ['M8 2.5a5.5 5.5 0 0 1 5.5 5.5', 'M8 13.5A5.5 5.5 0 0 1 8 2.5', 'M8 13.5a5.5 5.5 0 0 0 5.5-5.5'],
    waiting: ['M8 3a2.4 2.4 0 1 1 0 4.8A2.4 2.4 0 0 1 8 3Z', 'M3.5 13.2c.6-2.4 2.2-3.6 4.5-3.6s3.9 1.2 4.5 3.6'],
    completed: ['M3 8.4 6.4 12 13 4.6'],
    healed: ['M8 1.8 14.2 8 8 14.2 1.8 8Z', 'M5.4 8.2l1.8 1.9 3.4-4'],
    failed: ['M9.6 1.8 6.2 6.4l3.4 1.8-3.2 6', 'M3.2 3.2l2 2', 'M12.8 12.8l-2-2'],
    cancelled: ['M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Z', 'M4.4 11.6l7.2-7.2'],
    // breakers
    closed: ['M1.5 8h3', 'M11.5 8h3', 'M4.5 8h7'],
    open: ['M1.5 9h3', 'M11.5 9h3', 'M4.5 9l6-5'],
    half_open: ['M1.5 9h3', 'M11.5 9h3', 'M4.5 9l7-2.4'],
    // rooms
    overview: ['M2 9.5h3l1.8-5 2.6 8 1.6-5 .8 2H14'],
    tasks: ['M2.5 4h1', 'M6 4h7.5', 'M2.5 8h1', 'M6 8h7.5', 'M2.5 12h1', 'M6 12h7.5'],
    dead_letters: ['M2 9.5 4 3h8l2 6.5v3.5H2Z', 'M2 9.5h3.5l1 2h3l1-2H14'],
    breakers: ['M1.5 9.5h3', 'M11.5 9.5h3', 'M4.5 9.5l6.2-5'],
    recovery: ['M13.2 6.4A5.5 5.5 0 1 0 13.5 8', 'M13.5 2.8v3.6H9.9'],
    alerts: ['M4 11V7a4 4 0 0 1 8 0v4l1.2 1.2H2.8Z', 'M6.6 14h2.8'],
    agents: ['M3.5 5.5h9v7h-9Z', 'M8 5.5V2.8', 'M6 8.6v.6', 'M10 8.6v.6'],
    live: ['M8 6.8a1.2 1.2 0 1 1 0 2.4 1.2 1.2 0 0 1 0-2.4Z', 'M5 11a4.2 4.2 0 0 1 0-6', 'M11 5a4.2 4.2 0 0 1 0 6',
        'M2.9 13.1a7.2 7.2 0 0 1 0-10.2', 'M13.1 2.9a7.2 7.2 0 0 1 0 10.2'],
    settings: ['M2.5 4.5h6', 'M11.5 4.5h2', 'M8.5 3v3', 'M2.5 11.5h2', 'M7.5 11.5h6', 'M4.5 10v3', 'M7.5 10v3', 'M11.5 3v3'],
    // acts
    retry: ['M13 8a5 5 0 1 1-1.6-3.7', 'M13 2.8v2.6h-2.6'],
    cancel: ['M4 4l8 8', 'M12 4l-8 8'],
    close: ['M4 4l8 8', 'M12 4l-8 8'],
    copy: ['M5.5 5.5h7v7h-7Z', 'M3.5 10.5v-7h7'],
    edit: ['M3 13l.6-2.6L10.8 3.2l2 2L5.6 12.4Z'],
    search: ['M7 3a4 4 0 1 1 0 8 4 4 0 0 1 0-8Z', 'M10 10l3.4 3.4'],
    chevron: ['M6 3.5 10.5 8 6 12.5'],
    down: ['M3.5 6 8 10.5 12.5 6'],
    up: ['M3.5 10 8 5.5 12.5 10'],
    grip: ['M6 4h.1', 'M10 4h.1', 'M6 8h.1', 'M10 8h.1', 'M6 12h.1', 'M10 12h.1'],
    silence: ['M4 11V7a4 4 0 0 1 6.9-2.8', 'M12 7.5V11l1.2 1.2H5.5', 'M6.6 14h2.8', 'M2.5 13.5l11-11'],
    send: ['M2.5 8 13.5 3 10 13.2 7.4 8.8Z', 'M7.4 8.8 13.5 3'],
    expand: ['M9.5 2.5h4v4', 'M13.5 2.5 9 7', 'M6.5 13.5h-4v-4', 'M2.5 13.5 7 9'],
    pause: ['M5.5 3.5v9', 'M10.5 3.5v9'],
    play: ['M5 3.2 12.5 8 5 12.8Z'],
    more: ['M3 8h.6', 'M7.7 8h.6', 'M12.4 8h.6'],
    sun: ['M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6Z', 'M8 1.5v1.4', 'M8 13.1v1.4', 'M1.5 8h1.4', 'M13.1 8h1.4',
        'M3.4 3.4l1 1', 'M11.6 11.6l1 1', 'M12.6 3.4l-1 1', 'M4.4 11.6l-1 1'],
    moon: ['M12.8 9.8A5.4 5.4 0 0 1 6.2 3.2a5.4 5.4 0 1 0 6.6 6.6Z'],
    contrast: ['M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Z', 'M8 2.5v11', 'M10 3.2v9.6', 'M12 4.6v6.8'],
    clock: ['M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Z', 'M8 5v3.2l2.2 1.2'],
    money: ['M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Z', 'M9.8 6c-.4-.7-1-1-1.8-1-1.1 0-1.8.6-1.8 1.4 0 2 3.7 1 3.7 3.1 0 .9-.8 1.5-1.9 1.5-.9 0-1.6-.4-2-1.1', 'M8 4v8'],
    link: ['M6.8 9.2a2.6 2.6 0 0 0 3.7 0l2-2a2.6 2.6 0 0 0-3.7-3.7l-.6.6', 'M9.2 6.8a2.6 2.6 0 0 0-3.7 0l-2 2a2.6 2.6 0 0 0 3.7 3.7l.6-.6'],
    download: ['M8 2.5v7.5', 'M4.8 7 8 10.2 11.2 7', 'M3 13.2h10'],
    key: ['M5.2 7.8a2.7 2.7 0 1 1 0 5.4 2.7 2.7 0 0 1 0-5.4Z', 'M7.2 8.8 13 3', 'M10.6 5.4l1.8 1.8'],
    check: ['M3 8.4 6.4 12 13 4.6'],
    plus: ['M8 3.5v9', 'M3.5 8h9'],
    help: ['M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Z', 'M6.4 6.4c0-1 .7-1.6 1.6-1.6s1.6.6 1.6 1.5c0 1.2-1.6 1.3-1.6 2.6', 'M8 10.9v.4'],
    out: ['M6.5 3h-3v10h3', 'M7 8h6.5', 'M11 5.2 13.8 8 11 10.8'],
    warning: ['M8 2.6 14.2 13H1.8Z', 'M8 6.4v3', 'M8 11v.3'],
    critical: ['M5.4 2h5.2L14 5.4v5.2L10.6 14H5.4L2 10.6V5.4Z', 'M8 4.9v3.7', 'M8 10.9v.3'],
    info: ['M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Z', 'M8 7.4v3.4', 'M8 5v.3'],
    menu: ['M2.5 4.5h11', 'M2.5 8h11', 'M2.5 11.5h11'],
    filter: ['M2.5 3.5h11L9.5 8.5v4l-3-1.5V8.5Z'],
};

const DOTTED = new Set(['in_progress']);

/** An icon; decoration beside a word unless it is given a label. */
export function icon(name, label = null) {
    const paths = PATHS[name] ?? PATHS.pending;
    const element = svg('svg', {
        class: 'icon', viewBox: '0 0 16 16', width: 16, height: 16, focusable: 'false',
        role: label ? 'img' : null, 'aria-label': label, 'aria-hidden': label ? null : 'true',
    });
    paths.forEach((d, index) => element.append(
        svg('path', {d, class: DOTTED.has(name) && index === 0 ? 'icon-turning' : null})));
    return element;
}

/** The sign of the house: a bowl with a gold seam. */
export function bowl() {
    return svg('svg', {class: 'bowl', viewBox: '0 0 32 32', width: 28, height: 28, 'aria-hidden': 'true', focusable: 'false'},
        svg('path', {class: 'bowl-glaze', d: 'M3 11h26c0 9-5 16-13 16S3 20 3 11Z'}),
        svg('path', {class: 'bowl-rim', d: 'M3 11h26'}),
        svg('path', {class: 'bowl-seam', d: 'M19 11l-3.2 4.6 3.6 3-4.2 8.2'}),
        svg('path', {class: 'bowl-seam', d: 'M15.8 15.6 9 14.4'}));
}
