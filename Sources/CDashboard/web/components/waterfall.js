// The attempts of a task against time: waiting in the queue, running, backing off, held by a breaker; long gaps folded.
// Every break is a gold seam where it was mended, and a red crack where it was not.

import {h, keyed, replace, setAttribute, setText, svg} from '../core/dom.js';
import {span} from '../core/format.js';
import {now} from '../core/time.js';
import {marksOf, mendedBy, MOST_ROWS, scaleOf, seamOf, spansOf} from '../core/waterfall-layout.js';

const KINDS = {queue: 'waited in the queue', run: 'ran', backoff: 'backed off', held: 'was held by the breaker'};

/** An element with `update(task, attempts, holds)`; call it each second while something runs. */
export function waterfall({onChoose}) {
    const axis = h('div', {class: 'fall-axis', 'aria-hidden': 'true'});
    const rows = h('ol', {class: 'fall-rows'});
    const folds = h('div', {class: 'fall-folds', 'aria-hidden': 'true'});
    const note = h('p', {class: 'faint', hidden: true});
    const element = h('div', {class: 'fall'}, note, axis, h('div', {class: 'fall-body'}, rows, folds), legend());

    element.update = (task, attempts, holds) => {
        const laid = spansOf(task, attempts, holds, now());
        const scale = scaleOf(laid);
        note.hidden = attempts.length <= MOST_ROWS;
        setText(note, `The newest ${MOST_ROWS} of ${attempts.length} attempts are drawn; all are in the table.`);
        // As many times as there is room for.
        const most = axis.clientWidth ? Math.min(7, Math.max(2, Math.floor(axis.clientWidth / 80))) : 7;
        keyed(axis, marksOf(scale, most), (mark) => mark.offset_ms, () => h('span'), (mark, {offset_ms: offset, share}) => {
            setText(mark, offset === 0 ? '0' : `+${span(offset)}`);
            place(mark, share);
        });
        keyed(rows, laid, (row) => row.number, (row) => line(row, onChoose), (item, row) => fill(item, row, scale, task, attempts));
        keyed(folds, scale.gaps, (gap) => gap.from, () => h('span', {class: 'fall-fold'}, h('span')), (fold, gap) => {
            place(fold, gap.share);
            setText(fold.firstChild, span(gap.to - gap.from));
        });
    };
    return element;
}

function place(element, from, width = null) {
    element.style.setProperty('--from', `${(from * 100).toFixed(3)}%`);
    if (width !== null) element.style.setProperty('--width', `${(width * 100).toFixed(3)}%`);
}

function line({number}, onChoose) {
    const track = h('div', {class: 'fall-track', 'aria-hidden': 'true'});
    const label = h('button', {class: 'fall-label', type: 'button', on: {click: () => onChoose(number)}});
    const item = h('li', {class: 'fall-row'}, label, track);
    return Object.assign(item, {track, label});
}

function fill(item, {attempt, spans}, scale, task, attempts) {
    setText(item.label, `${attempt.number}`);
    setAttribute(item.label, 'aria-label', describe(attempt, spans, task, attempts));
    setAttribute(item.label, 'title', 'Show it in the table');
    const parts = [...spans];
    const seam = seamOf(task, attempt);
    const run = spans.find((one) => one.kind === 'run');
    if (seam) parts.push({kind: seam, from: run.to, to: run.to});
    keyed(item.track, parts, (part) => `${part.kind}${part.from}`, (part) => piece(part, attempt, task, attempts), (element, part) => {
        const from = scale.at(part.from);
        place(element, from, scale.at(part.to) - from);
        if (part.kind === 'run') setAttribute(element, 'class', `fall-run is-${part.outcome}${part.isLive ? ' is-live' : ''}`);
        if (element.isSpan) setAttribute(element, 'title', `Attempt ${attempt.number} ${KINDS[part.kind]}: ${span(part.to - part.from)}`);
    });
}

function piece(part, attempt, task, attempts) {
    if (part.kind === 'gold' || part.kind === 'crack') return mendMark(part.kind, attempt, task, attempts);
    const element = h('span', {class: `fall-${part.kind}`});
    element.isSpan = true;
    return element;
}

function mendMark(kind, attempt, task, attempts) {
    const text = kind === 'gold' ? `A break, mended by ${mendedBy(task, attempt, attempts)}` : 'A break that nobody has mended yet';
    return h('span', {class: `fall-seam is-${kind}`, title: text}, svg('svg', {viewBox: '0 0 10 28', width: 10, height: 28},
        svg('path', {d: kind === 'gold' ? 'M6 0 3 9l4 7-3 12' : 'M7 0 2 9.5l6 6L3 28'})));
}

/** One attempt in words. */
function describe(attempt, spans, task, attempts) {
    const said = spans.map((one) => `${KINDS[one.kind]} ${span(one.to - one.from)}`).join(', ');
    const seam = seamOf(task, attempt);
    const end = seam === 'gold' ? `, broke and was mended by ${mendedBy(task, attempt, attempts)}` : seam === 'crack' ? ', broke and is not mended' : '';
    return `Attempt ${attempt.number}: ${said}${end}`;
}

function legend() {
    const entry = (kind, word) => h('span', {}, h('i', {class: `fall-key fall-${kind}`}), word);
    const mark = (kind, word) => h('span', {}, h('i', {class: `fall-key fall-seam is-${kind}`}, svg('svg', {viewBox: '0 0 10 28', width: 6, height: 16}, svg('path', {d: 'M6 0 3 9l4 7-3 12'}))), word);
    const box = h('div', {class: 'legend fall-legend'});
    return replace(box, entry('queue', 'in the queue'), entry('run is-ok', 'ran'), entry('run is-broken', 'ran and failed'), entry('backoff', 'backoff'), entry('held', 'held by the breaker'), mark('gold', 'a break, healed'), mark('crack', 'a break, open'));
}
