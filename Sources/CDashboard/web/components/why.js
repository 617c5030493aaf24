// The Why line: what a task is doing, why, and what happens next, with a countdown that goes by the server's clock.

import {h, Part, define, setText} from '../core/dom.js';
import {countdown} from '../core/format.js';
import {everySecond, now, parse} from '../core/time.js';
import {stateOf} from './state.js';

/** What comes next: `{at, word}`, or null; `asked`: what a task that waits for a person was asked with. Pure. */
export function upcoming(task, asked = null) {
    const next = (text, word) => text ? {at: parse(text), word} : null;
    switch (task.status) {
    case 'pending':
        if (task.status_reason === 'breaker_open') return next(task.next_attempt_at, 'next probe');
        return next(task.next_attempt_at, task.status_reason === 'backoff' ? 'next attempt' : 'begins');
    case 'waiting': return asked?.until ? next(asked.until, asked.then === 'continue' ? 'goes on by itself' : 'fails by itself') : next(task.deadline_at, 'deadline');
    case 'in_progress': return next(task.deadline_at, 'deadline');
    default: return null;
    }
}

/** A countdown to a time, told once it is over. */
class KCountdown extends Part {
    #last = '';
    mount() { this.atEnd(everySecond(() => this.draw())); this.draw(); }
    /** Sets the time and what is said before it. */
    set(at, word, over = 'now') { Object.assign(this, {at, word, over}); if (this.isConnected) this.draw(); }
    draw() {
        if (this.at === null || this.at === undefined) return;
        const left = this.at - now();
        const text = left > 0 ? `${this.word} in ${countdown(left)}` : `${this.word} ${this.over}`;
        if (text !== this.#last) setText(this, this.#last = text);
    }
}
define('k-countdown', KCountdown);

/** An element with `update(task, asked)`. */
export function whyLine() {
    const sentence = h('span', {class: 'why-text'});
    const count = h('k-countdown', {class: 'why-count'});
    const element = h('p', {class: 'why'}, sentence, count);
    element.update = (task, asked = null) => {
        element.className = `why tone-${stateOf(task).tone}`;
        setText(sentence, task.explanation);
        const next = upcoming(task, asked);
        count.hidden = !next;
        if (next) count.set(next.at, next.word);
    };
    return element;
}

/** The short form for rows: `next attempt in 3 s`, or an empty text. */
export function waitOf(task) {
    const next = task.status === 'pending' ? upcoming(task) : null;
    const left = next ? next.at - now() : 0;
    return left > 0 ? `${next.word} in ${countdown(left)}` : '';
}

