// The attempts of a task in one line, as wide as a word: bars for attempts, dotted lines for waits, and every break
// between them: a gold seam where it was mended, a red crack where nobody has.

import {setAttribute, svg} from '../core/dom.js';
import {outcome} from '../core/fold.js';
import {counted} from '../core/format.js';

const WIDTH = 112;
const HEIGHT = 16;

/** What is drawn: `[{kind, width}]`, pure. Widths grow with the logarithm of the time, so that days fit beside milliseconds. */
export function segments(task, attempts) {
    const parts = [];
    const long = (milliseconds, least) => least + Math.log10(1 + Math.max(0, milliseconds ?? 0)) * 3;
    const isMended = task.status === 'completed';
    attempts.forEach((attempt, index) => {
        const kind = outcome(attempt);
        parts.push({kind, width: long(attempt.duration_ms, 7)});
        const next = attempts[index + 1];
        if (kind === 'broken') parts.push({kind: isMended ? 'gold' : 'crack', width: 5});
        if (next) {
            const gap = Date.parse(next.started_at) - Date.parse(attempt.finished_at ?? attempt.started_at);
            parts.push({kind: 'wait', width: long(gap, 3)});
        }
    });
    const isWaiting = attempts.length > 0 && (task.status === 'pending' || task.status === 'waiting');
    if (isWaiting) parts.push({kind: task.status_reason === 'breaker_open' ? 'held' : 'wait', width: 12});
    return parts;
}

/** In words, for those who do not see it. */
export function describe(task, attempts) {
    const broken = attempts.filter((attempt) => outcome(attempt) === 'broken').length;
    const begun = Math.max(task.attempt ?? 0, attempts.length);
    if (begun === 0) return 'No attempt yet';
    if (broken === 0) return counted(begun, 'attempt');
    return `${counted(begun, 'attempt')}, ${counted(broken, 'break')} ${task.status === 'completed' ? 'mended' : 'not mended yet'}`;
}

/** Draws into this element, made by `seams()`; draws nothing anew that has not changed. */
export function drawSeams(element, task, attempts) {
    // Rows that came without their attempts show at least how many there were.
    const shown = attempts.length > 0 || !task.attempt ? attempts.slice(-12) : guess(task);
    const parts = segments(task, shown);
    const label = describe(task, shown);
    const signature = parts.map((part) => part.kind + Math.round(part.width)).join();
    if (element.signature === signature) return;
    element.signature = signature;
    setAttribute(element, 'aria-label', label);
    const total = parts.reduce((sum, part) => sum + part.width, 0);
    const scale = Math.min(1, WIDTH / Math.max(1, total));
    let x = 0;
    const nodes = [svg('title', {}, label)];
    for (const part of parts) {
        const width = part.width * scale;
        nodes.push(...draw(part.kind, x, width));
        x += width;
    }
    element.replaceChildren(...nodes);
}

function guess(task) {
    return Array.from({length: Math.min(12, task.attempt)}, (_, index) => ({
        number: index + 1, duration_ms: null, started_at: task.created_at, finished_at: task.created_at,
        status: index + 1 < task.attempt ? 'failed'
            : task.status === 'completed' ? 'succeeded' : task.status === 'in_progress' ? 'running' : 'failed',
    }));
}

function draw(kind, x, width) {
    const middle = HEIGHT / 2;
    switch (kind) {
    case 'wait': case 'held':
        return [svg('line', {class: `seam-${kind}`, x1: x + 1, x2: x + Math.max(2, width - 1), y1: middle, y2: middle})];
    case 'gold':
        return [svg('path', {class: 'seam-gold', d: `M${x + width * 0.55} 1 L${x + width * 0.25} 6 L${x + width * 0.75} 10 L${x + width * 0.4} 15`})];
    case 'crack':
        return [svg('path', {class: 'seam-crack', d: `M${x + width * 0.6} 1 L${x + width * 0.2} 6 L${x + width * 0.8} 9.5 L${x + width * 0.3} 15`})];
    default:
        return [svg('rect', {class: `seam-${kind}`, x: x + 0.5, y: 3, width: Math.max(2, width - 1), height: 10, rx: 1.5})];
    }
}

/** An empty drawing for `drawSeams`. */
export function seams() {
    return svg('svg', {class: 'seams', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'xMinYMid meet', role: 'img'});
}
