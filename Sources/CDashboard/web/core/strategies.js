// The ways to recover a task, in words: what each does, what it takes, and what is known of its success here. Pure.

import {count, percent, words} from './format.js';

/**
 * Each by name: what it does, and its parameters `[name, label, kind, hint, usual]`. Kinds: `span` (of time, in ms),
 * `number`, `agent`, `json`, `text`, `task`, or a list of choices; `usual`: what holds when it is left out.
 */
export const STRATEGIES = {
    retry: {does: 'The same agent again.', takes: [['max_attempts', 'Attempts', 'number', '1 by default', 1], ['delay_ms', 'Wait before each', 'span', 'none by default', 0]]},
    wait_and_retry: {does: 'Wait for Retry-After or a given time, then the same agent again.', takes: [['delay_ms', 'Wait', 'span', 'by default what the agent asked for']]},
    switch_agent: {does: 'Another agent with the capability.', takes: [['agent_id', 'Agent', 'agent', '']]},
    increase_timeout: {does: 'The same again with more time.', takes: [['factor', 'Times as long', 'number', '2 by default', 2], ['max_ms', 'At most', 'span', 'no limit by default']]},
    refresh_credentials: {does: 'Fetch a new token or read the secret anew, then again.', takes: []},
    modify_input: {does: 'Correct the input, then again.', takes: [['patch', 'Merge patch', 'json', 'JSON Merge Patch, RFC 7396: null removes a member']]},
    use_output: {does: 'Complete it with a given output, marked as fallback.', takes: [['output', 'Output', 'json', 'the task completes with it']]},
    compensate: {does: 'Make a task that undoes what was done; the chain goes on.', takes: [['task', 'Task', 'task', '']]},
    notify: {does: 'Raise an alert; the chain goes on.', takes: [['message', 'Message', 'text', 'what the alert says']]},
    escalate: {does: 'Ask a person, and wait for the answer.', takes: [['message', 'Question', 'text', 'what the person is asked'], ['timeout_ms', 'Wait at most', 'span', 'no limit by default'],
        ['then', 'Nobody answers', [['fail', 'it fails'], ['continue', 'the chain goes on']], '']]},
    discard: {does: 'Give it up: it fails, and its dead letter is closed.', takes: [['note', 'Note', 'text', 'why it is not worth more']]},
};

/** What a strategy does, in a sentence. */
export function does(strategy) { return STRATEGIES[strategy]?.does ?? ''; }

/** Fewer tries say nothing: the server ranks by the catalogue's order then, and so do the words. */
const ENOUGH = 5;

/** What is known of its success: `{text, rate}`; `rate` is null where nothing can be said. */
export function measuredWords(measured) {
    // Null is said of what mends nothing by itself, such as telling somebody.
    if (!measured) return {text: 'mends nothing itself', rate: null};
    const {tried = 0, recovered = 0, success_rate: rate = null} = measured;
    if (tried === 0) return {text: 'not tried here yet', rate: null};
    if (rate === null || tried < ENOUGH) return {text: `${count(recovered)} of ${count(tried)}, too few to say`, rate: null};
    return {text: `${percent(rate)}: ${count(recovered)} of ${count(tried)}`, rate};
}

const UNITS = {ms: 1, s: 1000, sec: 1000, min: 60_000, m: 60_000, h: 3_600_000, d: 86_400_000};

/** Milliseconds of `500 ms`, `30 s`, `1.5 min`, `2 h`, `1 d`; null of nothing, NaN of anything else. */
export function spanOf(text) {
    if (!text.trim()) return null;
    const match = /^(\d+(?:\.\d+)?)\s*(ms|s|sec|min|m|h|d)$/.exec(text.trim());
    return match ? Math.round(Number(match[1]) * UNITS[match[2]]) : NaN;
}

/** The shortest exact text of so many milliseconds: `90 s`, `2 h`. */
export function spanText(milliseconds) {
    if (milliseconds === null || milliseconds === undefined) return '';
    for (const unit of ['d', 'h', 'min', 's']) if (milliseconds > 0 && milliseconds % UNITS[unit] === 0) return `${milliseconds / UNITS[unit]} ${unit}`;
    return `${milliseconds} ms`;
}

/** The parameters of a step in words, such as `wait 30 s, on timeout`; `when` last. */
export function stepWords({strategy, when, ...parameters}) {
    const takes = STRATEGIES[strategy]?.takes ?? [];
    const said = Object.entries(parameters).filter(([name, value]) => name === 'output' || value !== null && value !== undefined).map(([name, value]) => {
        const [, label, kind, , usual] = takes.find(([own]) => own === name) ?? [name, words(name), 'text'];
        if (value === usual) return '';
        if (kind === 'agent') return `to ${value}`;
        // Its numbers may be larger than are exact here: what it is about must do.
        if (kind === 'json') return name === 'patch' && value ? `sets ${Object.keys(value).join(', ')}` : '';
        if (kind === 'task') return value?.type ?? '';
        if (kind === 'span') return `${label.toLowerCase()} ${spanText(value)}`;
        if (Array.isArray(kind)) return `if nobody answers, ${kind.find(([key]) => key === value)?.[1] ?? value}`;
        return kind === 'text' ? `“${value}”` : `${label.toLowerCase()} ${value}`;
    });
    if (when?.error_types?.length) said.push(`only on ${when.error_types.map(words).join(' or ')}`);
    return said.filter(Boolean).join(', ');
}
