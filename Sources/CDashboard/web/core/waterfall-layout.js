// Where everything stands in the waterfall of attempts. Pure: attempts in, shares from 0 to 1 out.
//
// Time is drawn to scale, but for gaps in which nothing ran and that would push all else together: those are folded to
// a bearable length, and are told so.

import {outcome} from './fold.js';

/** Rows that are drawn at most, the newest. */
export const MOST_ROWS = 60;

/** `[{number, spans: [{kind, from, to}], attempt}]` in time; kinds: queue, run, backoff, held. */
export function spansOf(task, attempts, holds, now) {
    const shown = attempts.slice(-MOST_ROWS);
    return shown.map((attempt, index) => {
        const began = Date.parse(attempt.started_at);
        const isRunning = outcome(attempt) === 'running';
        const ended = attempt.finished_at ? Date.parse(attempt.finished_at) : isRunning ? Math.max(now, began) : began;
        const next = shown[index + 1];
        const spans = index === 0 ? heldBefore(began, holds) : [];
        const queued = Math.min(attempt.queue_ms ?? 0, index === 0 ? Infinity : began - endOf(shown[index - 1]));
        if (queued > 0) spans.push({kind: 'queue', from: began - queued, to: began});
        spans.push({kind: 'run', from: began, to: ended, outcome: outcome(attempt), isLive: isRunning});
        const until = next ? Date.parse(next.started_at) - Math.min(next.queue_ms ?? 0, Date.parse(next.started_at) - ended)
            : task.status === 'pending' ? Math.max(now, ended) : ended;
        if (!isRunning) spans.push(...after(attempt, ended, until, holds, !next));
        return {number: attempt.number, attempt, spans};
    });
}

/** What a breaker held before the first attempt. */
function heldBefore(began, holds) {
    return holds.filter((hold) => hold.from < began).map((hold) => ({kind: 'held', from: hold.from, to: Math.min(began, hold.to ?? began)}));
}

function endOf(attempt) { return Date.parse(attempt.finished_at ?? attempt.started_at); }

/** What the time after an attempt was: held by a breaker, or a backoff; the rest is idle and stays blank. */
function after(attempt, from, until, holds, isLast) {
    const spans = [];
    const held = holds.map((hold) => ({from: Math.max(from, hold.from), to: Math.min(until, hold.to ?? until)}))
        .filter((hold) => hold.to > hold.from);
    const due = attempt.retry ? Math.min(until, Math.max(from, Date.parse(attempt.retry.next_attempt_at))) : from;
    const firstHold = held[0]?.from ?? Infinity;
    if (due > from && firstHold > from) {
        spans.push({kind: 'backoff', from, to: Math.min(due, firstHold), isLive: isLast && due >= until});
    }
    for (const hold of held) spans.push({kind: 'held', ...hold});
    return spans;
}

/**
 * The scale of these rows: `{at(time) → share, gaps: [{from, to, share}], from, to}`; `gaps` are those that were folded.
 */
export function scaleOf(rows) {
    const runs = merge(rows.flatMap((row) => row.spans.filter((span) => span.kind === 'run' || span.kind === 'queue')));
    const all = rows.flatMap((row) => row.spans);
    if (all.length === 0) return {at: () => 0, gaps: [], from: 0, to: 0, pieces: []};
    const from = Math.min(...all.map((span) => span.from));
    const to = Math.max(...all.map((span) => span.to), from + 1);
    const pieces = [];
    let place = from;
    const push = (end, isGap) => { if (end > place) { pieces.push({from: place, to: end, isGap}); place = end; } };
    for (const run of runs) { push(run.from, true); push(run.to, false); }
    push(to, true);
    const limit = longestGap(pieces, all);
    for (const piece of pieces) {
        const length = piece.to - piece.from;
        const isIdle = piece.isGap && !all.some((span) => span.kind !== 'run' && span.from < piece.to && span.to > piece.from);
        const most = isIdle ? limit / 2 : limit;
        piece.isFolded = piece.isGap && length > most * 1.2 && pieces.length > 1;
        piece.length = piece.isFolded ? most : length;
    }
    const sum = pieces.reduce((length, piece) => length + piece.length, 0);
    let drawn = 0;
    for (const piece of pieces) {
        piece.start = drawn / sum;
        drawn += piece.length;
        piece.end = drawn / sum;
    }
    const at = (time) => {
        const piece = pieces.find((one) => time <= one.to) ?? pieces.at(-1);
        const share = Math.min(1, Math.max(0, (time - piece.from) / (piece.to - piece.from)));
        return piece.start + share * (piece.end - piece.start);
    };
    const gaps = pieces.filter((piece) => piece.isFolded)
        .map((piece) => ({from: piece.from, to: piece.to, share: (piece.start + piece.end) / 2}));
    return {at, gaps, from, to, pieces};
}

/** A gap is folded beyond three times the middle one, or beyond what all runs took together if that is more. */
function longestGap(pieces, spans) {
    const waits = pieces.filter((piece) => piece.isGap
        && spans.some((span) => span.kind !== 'run' && span.from < piece.to && span.to > piece.from));
    // One that still grows says nothing about how long they are, unless it is the only one.
    const over = waits.filter((piece) => piece !== pieces.at(-1));
    const gaps = (over.length > 0 ? over : waits).map((piece) => piece.to - piece.from).sort((a, b) => a - b);
    const running = pieces.filter((piece) => !piece.isGap).reduce((sum, piece) => sum + piece.to - piece.from, 0);
    const middle = gaps[Math.floor((gaps.length - 1) / 2)] ?? 0;
    return Math.max(middle * 3, running * 1.5, 100);
}

/** Spans that touch or overlap become one. */
export function merge(spans) {
    const merged = [];
    for (const span of [...spans].sort((a, b) => a.from - b.from)) {
        const last = merged.at(-1);
        if (last && span.from <= last.to) last.to = Math.max(last.to, span.to);
        else merged.push({from: span.from, to: span.to});
    }
    return merged;
}

const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
    600_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 43_200_000, 86_400_000, 172_800_000, 604_800_000];

/** Marks for the axis, counted from the beginning: `[{offset_ms, share}]`, on round numbers, none in a folded gap. */
export function marksOf(scale, most = 7) {
    const unfolded = scale.pieces.filter((piece) => !piece.isFolded).reduce((sum, piece) => sum + piece.to - piece.from, 0);
    const step = STEPS.find((one) => unfolded / one <= most) ?? STEPS.at(-1);
    const marks = [];
    const add = (time) => {
        const share = scale.at(time);
        if (share <= 0.96 && (marks.length === 0 || share - marks.at(-1).share >= 0.85 / most)) marks.push({offset_ms: time - scale.from, share});
    };
    for (const piece of scale.pieces) {
        if (piece.isFolded) continue;
        const first = Math.ceil((piece.from - scale.from) / step) * step + scale.from;
        for (let time = first, count = 0; time < piece.to && count < 4 * most; time += step, count += 1) add(time);
    }
    return marks;
}

/** A break of an attempt: `gold` where it was mended, `crack` where it was not; null where nothing broke. */
export function seamOf(task, attempt) {
    if (outcome(attempt) !== 'broken') return null;
    return task.status === 'completed' ? 'gold' : 'crack';
}

/** Who mended the break of this attempt, in words. */
export function mendedBy(task, attempt, attempts) {
    if (task.status !== 'completed') return null;
    const next = attempts.find((one) => one.number > attempt.number && outcome(one) !== 'void');
    if (!next) return task.status_reason === 'completed_by_fallback' ? 'a fallback' : 'a person';
    if (next.round !== attempt.round) return `a person, in round ${next.round}`;
    if (next.agent_id !== attempt.agent_id) return `a switch to ${next.agent_id}`;
    return `attempt ${next.number}`;
}
