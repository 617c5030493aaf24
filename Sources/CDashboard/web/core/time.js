// One clock, the server's, and one way to show a time: relative, local or UTC, wherever a time stands.

import {h, Part, define, setText, setAttribute} from './dom.js';
import {span} from './format.js';

let offset = 0;

/** Sets our clock by the server's, so that a wrong clock here never shows a negative span. */
export function setServerTime(text) {
    const at = Date.parse(text);
    if (Number.isFinite(at)) offset = at - Date.now();
}

/** The server's time now, in milliseconds. */
export function now() { return Date.now() + offset; }

/** Milliseconds of an RFC 3339 text; null of nothing. */
export function parse(text) {
    if (!text) return null;
    const at = typeof text === 'number' ? text : Date.parse(text);
    return Number.isFinite(at) ? at : null;
}

export const ZONES = ['relative', 'local', 'utc'];
const KEY = 'kintsugi.zone';
const listeners = new Set();
let zone = ZONES.includes(localStorage.getItem(KEY)) ? localStorage.getItem(KEY) : 'relative';

export function currentZone() { return zone; }

/** Sets how times are shown everywhere, and remembers it. */
export function setZone(value) {
    zone = value;
    localStorage.setItem(KEY, value);
    for (const listener of listeners) listener(value);
}

/** Hears of a change; gives back what ends that. */
export function onZone(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
}

const two = (value) => String(value).padStart(2, '0');

function fields(at, inUTC) {
    const date = new Date(at);
    return inUTC
        ? [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes(),
            date.getUTCSeconds(), date.getUTCMilliseconds()]
        : [date.getFullYear(), date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes(),
            date.getSeconds(), date.getMilliseconds()];
}

/** `14:02:11`, with the date when it is another day, in local time unless UTC was chosen. */
export function wall(at, {seconds = true, milliseconds = false, date = 'auto'} = {}) {
    const inUTC = zone === 'utc';
    const [year, month, day, hour, minute, second, milli] = fields(at, inUTC);
    const [thisYear, thisMonth, today] = fields(now(), inUTC);
    const clock = `${two(hour)}:${two(minute)}${seconds ? ':' + two(second) : ''}`
        + (milliseconds ? '.' + String(milli).padStart(3, '0') : '');
    const isToday = year === thisYear && month === thisMonth && day === today;
    if (date === 'never' || (date === 'auto' && isToday)) return clock;
    return `${year}-${two(month)}-${two(day)} ${clock}`;
}

/** The exact time with its zone, for titles: always both what people here say and UTC. */
export function exact(at) {
    const here = new Date(at);
    const minutes = -here.getTimezoneOffset();
    const sign = minutes < 0 ? '-' : '+';
    const ahead = `${sign}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
    const [year, month, day, hour, minute, second] = fields(at, false);
    const local = `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)} UTC${ahead}`;
    return `${local} · ${here.toISOString()}`;
}

/** `3 s ago`, `in 4 min`, `just now`. */
export function relative(at) {
    const distance = now() - at;
    if (distance >= 0) {
        if (distance < 1000) return 'just now';
        return `${coarse(distance)} ago`;
    }
    return -distance < 1000 ? 'now' : `in ${coarse(-distance)}`;
}

function coarse(milliseconds) {
    return milliseconds < 120_000 ? `${Math.floor(milliseconds / 1000)} s` : span(milliseconds);
}

/** The time in the way that was chosen. */
export function shown(at) { return zone === 'relative' ? relative(at) : wall(at); }

// One tick a second for everything that shows time going by.

const tickers = new Set();
let timer = null;

/** Calls `listener` about once a second while it is registered; gives back what ends that. */
export function everySecond(listener) {
    tickers.add(listener);
    timer ??= setInterval(() => { if (!document.hidden) for (const one of tickers) one(); }, 1000);
    return () => {
        tickers.delete(listener);
        if (tickers.size === 0) { clearInterval(timer); timer = null; }
    };
}

/** `<k-time at="…">`: a time in the way that was chosen; its exact value in the title. */
class KTime extends Part {
    static observedAttributes = ['at'];
    #time = null;

    mount() {
        this.atEnd(onZone(() => this.draw()));
        this.atEnd(everySecond(() => { if (zone === 'relative') this.draw(); }));
        this.draw();
    }

    attributeChangedCallback() { if (this.isConnected) this.draw(); }

    draw() {
        const at = parse(this.getAttribute('at'));
        if (at === null) { this.replaceChildren('–'); this.#time = null; return; }
        if (!this.#time) this.replaceChildren(this.#time = h('time'));
        setAttribute(this.#time, 'datetime', new Date(at).toISOString());
        setAttribute(this.#time, 'title', exact(at));
        setText(this.#time, shown(at));
    }
}
define('k-time', KTime);

/** An element that shows this time. */
export function timeOf(text) { return h('k-time', {at: text}); }
