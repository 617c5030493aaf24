// Fallback chains: between the API's JSON and a form, exact in every number; how a task went through one; what a test
// of one found. Pure.

import {compact, member, plain, pretty, read} from './exact-json.js';
import {count, counted, percent, words} from './format.js';
import {spanOf, spanText, STRATEGIES} from './strategies.js';

/** Answers wrap payloads, which may be 64 deep themselves. */
const DEEPEST = 80;

// The form

/** A step as the form has it: every parameter is the text of its field. */
export function emptyStep(strategy) { return {strategy, values: {}, errors: [], rest: []}; }

/** A chain as the form has it, before anything is filled in. */
export function emptyChain({name = '', type = '', agent = '', errors = [], steps = []} = {}) {
    return {name, enabled: true, binding: 'match', match: {task_type: type, agent_id: agent, error_types: errors, min_amount: '', user_id: ''}, taskID: '', steps: steps.map(emptyStep)};
}

const textOf = (value) => plain(value) ?? '';

/** The form of a chain in the text of the API's answer. */
export function formOf(text) {
    const chain = read(text, {deepest: DEEPEST});
    const match = member(chain, 'match');
    const hasMatch = match?.kind === 'object';
    const taskID = textOf(member(chain, 'task_id'));
    return {
        name: textOf(member(chain, 'name')), enabled: plain(member(chain, 'enabled')) !== false, binding: taskID ? 'task' : hasMatch ? 'match' : 'named', taskID,
        match: {task_type: textOf(member(match, 'task_type')), agent_id: textOf(member(match, 'agent_id')), error_types: plain(member(match, 'error_types')) ?? [],
            min_amount: textOf(member(match, 'min_amount')), user_id: textOf(member(match, 'user_id'))},
        steps: (member(chain, 'steps')?.items ?? []).map(formOfStep),
    };
}

function formOfStep(step) {
    const strategy = textOf(member(step, 'strategy'));
    const form = {...emptyStep(strategy), errors: plain(member(member(step, 'when'), 'error_types')) ?? []};
    const takes = STRATEGIES[strategy]?.takes ?? [];
    for (const [name, value] of step.entries) {
        const kind = takes.find(([own]) => own === name)?.[2];
        if (name === 'strategy' || name === 'when') continue;
        if (!kind) { form.rest.push([name, compact(value)]); continue; }
        // An output of null is one; any other null says nothing.
        if (value.text === 'null' && kind !== 'json') continue;
        if (kind === 'json') form.values[name] = pretty(value);
        else if (kind === 'span') form.values[name] = spanText(plain(value));
        else if (kind === 'task') form.values[name] = formOfTask(value);
        else form.values[name] = String(plain(value));
    }
    return form;
}

function formOfTask(task) {
    const input = member(task, 'input');
    return {type: textOf(member(task, 'type')), agent_id: textOf(member(task, 'agent_id')), input: input && input.text !== 'null' ? pretty(input) : '',
        rest: (task.entries ?? []).filter(([name, value]) => !['type', 'agent_id', 'input'].includes(name) && value.text !== 'null').map(([name, value]) => [name, compact(value)])};
}

/**
 * The body to be sent: `{text, faults}`; `faults` are those that the form itself finds, with pointers as the server's.
 * What was left empty is left out; what is JSON goes out as it was typed.
 */
export function bodyOf(form) {
    const faults = [];
    return {text: object([['name', JSON.stringify(form.name)], ['enabled', String(form.enabled)], ...membersOf(form, faults)]), faults};
}

/** The same for a test of what stands in the form against failures since a time: a draft has neither name nor switch. */
export function draftOf(form, since) {
    const faults = [];
    return {text: object([...membersOf(form, faults), ['since', JSON.stringify(since)]]), faults};
}

function membersOf(form, faults) {
    const members = [];
    if (form.binding === 'match') {
        const match = Object.entries(form.match).filter(([, value]) => Array.isArray(value) ? value.length : value.trim());
        members.push(['match', object(match.map(([name, value]) => [name, JSON.stringify(Array.isArray(value) ? value : value.trim())]))]);
    }
    if (form.binding === 'task') members.push(['task_id', JSON.stringify(form.taskID.trim())]);
    members.push(['steps', `[${form.steps.map((step, index) => bodyOfStep(step, `/steps/${index}`, faults)).join(',')}]`]);
    return members;
}

function object(members) { return `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`; }

function bodyOfStep({strategy, values, errors, rest}, pointer, faults) {
    const members = [['strategy', JSON.stringify(strategy)]];
    const json = (text, at) => {
        try { read(text); return text; } catch (error) { faults.push({pointer: at, detail: `${error.message}.`}); return 'null'; }
    };
    for (const [name, , kind] of STRATEGIES[strategy]?.takes ?? []) {
        const value = values[name] ?? '';
        const at = `${pointer}/${name}`;
        if (kind === 'task') {
            const task = {type: '', agent_id: '', input: '', rest: [], ...(value || {})};
            members.push([name, object([['type', JSON.stringify(task.type.trim())], ...(task.agent_id ? [['agent_id', JSON.stringify(task.agent_id)]] : []),
                ...(task.input.trim() ? [['input', json(task.input, `${at}/input`)]] : []), ...task.rest])]);
        } else if (!value.trim()) continue;
        else if (kind === 'json') members.push([name, json(value, at)]);
        else if (kind === 'span') {
            const span = spanOf(value);
            if (Number.isNaN(span)) faults.push({pointer: at, detail: 'is no time such as 500 ms, 30 s, 5 min, 2 h or 1 d'});
            else members.push([name, String(span)]);
        } else if (kind === 'number') {
            if (Number.isFinite(Number(value))) members.push([name, value.trim()]);
            else faults.push({pointer: at, detail: 'is no number'});
        } else members.push([name, JSON.stringify(value)]);
    }
    if (errors.length) members.push(['when', JSON.stringify({error_types: errors})]);
    return object([...members, ...rest]);
}

/** The list with one moved to another place. */
export function moved(list, from, to) {
    const after = [...list];
    after.splice(to, 0, ...after.splice(from, 1));
    return after;
}

// In words

/** For which failures a chain runs. */
export function matchWords({match, task_id: task}) {
    if (task) return 'for one task';
    if (!match) return 'for tasks that name it';
    const parts = [match.task_type && `type ${match.task_type}`, match.agent_id && `agent ${match.agent_id}`, match.error_types?.length && match.error_types.map(words).join(' or '),
        match.min_amount && `amounts from ${match.min_amount} up`, match.user_id && `user ${match.user_id}`].filter(Boolean);
    return parts.length ? `for ${parts.join(', ')}` : 'for every failure';
}

/** What has come of a chain so far. */
export function statsWords(stats) {
    if (!stats?.started) return 'has not run yet';
    const share = stats.success_rate === null || stats.success_rate === undefined ? ', too few to say' : `, ${percent(stats.success_rate)}`;
    return `recovered ${count(stats.recovered)} of ${counted(stats.started, 'task')}${stats.started < 5 ? ', too few to say' : share}`;
}

// A test against past failures

export const OUTCOMES = {
    recovered: {word: 'would have recovered', icon: 'check', tone: 'glaze'}, exhausted: {word: 'would not', icon: 'failed', tone: 'crack'}, escalated: {word: 'a person would be asked', icon: 'waiting', tone: 'person'},
    discarded: {word: 'would be discarded', icon: 'cancel', tone: 'still'}, skipped: {word: 'no chain begins', icon: 'cancelled', tone: 'still'}, unknown: {word: 'unknown', icon: 'help', tone: 'copper'},
};

/** The parts of a test's result: `[{key, count, …look}]`; nothing is left out silently. */
export function resultParts(result) {
    const counts = {recovered: result.would_recover, escalated: result.escalated, discarded: result.discarded, exhausted: result.would_not, skipped: result.skipped ?? 0, unknown: result.unknown};
    return Object.entries(counts).filter(([, number]) => number > 0).map(([key, number]) => ({key, count: number, ...OUTCOMES[key]}));
}

/** `Would have recovered 31 of 40.` and what cannot be known. */
export function resultWords(result) {
    if (result.examined === 0) return ['There was no failure in this time.'];
    if (result.matched === 0) return [`None of ${counted(result.examined, 'failure')} in this time is one that it runs for.`];
    const unknown = result.unknown ? [`${count(result.unknown)} of them ${result.unknown === 1 ? 'is' : 'are'} unknown: a step that was never tried here says nothing.${typeof result.estimated_rate === 'number' ? ` By what was measured, about ${percent(result.estimated_rate)} of such would recover.` : ''}`] : [];
    return [`Would have recovered ${count(result.would_recover)} of ${count(result.matched)}.`, ...unknown];
}

// The way of a task through its chains

/**
 * Every run of a chain in these events, oldest first: `{name, version, trigger, state, steps}`, with each step's `{number,
 * strategy, parameters, state, agent, due, error, attempts, duration_ms, task, message, until, then, answer}`. `state` of a run is
 * running, waiting, recovered, exhausted or left; of a step ahead, running, waiting, done, failed,
 * skipped (its `when` did not fit) or spared (it was not needed).
 */
export function runsOf(events) {
    const runs = [];
    for (const event of events) {
        if (event.type === 'fallback_started') runs.push(begin(event));
        const run = runs.at(-1);
        if (run) RULES[event.type]?.(run, event.data ?? {}, event);
    }
    return runs;
}

function begin({data, at}) {
    const steps = Array.from({length: data.steps ?? 0}, (_, index) => fresh(index + 1, data.strategies?.[index] ?? null));
    return {id: data.chain_id, name: data.name, version: data.version ?? null, trigger: data.trigger, error: data.error ?? null, at, state: 'running', steps, at_step: null, duration_ms: null};
}

const fresh = (number, strategy = null) => ({number, strategy, parameters: {}, state: 'ahead', attempts: []});

const isLive = (run) => run.state === 'running' || run.state === 'waiting';

function stepOf(run, number) {
    let step = run.steps.find((one) => one.number === number);
    if (!step && Number.isInteger(number)) run.steps.push(step = fresh(number));
    return step;
}

function end(run, state, data = {}) {
    if (!isLive(run)) return;
    Object.assign(run, {state, duration_ms: data.duration_ms ?? null, at_step: data.step ?? run.at_step});
    for (const step of run.steps) if (['running', 'waiting'].includes(step.state)) step.state = state === 'recovered' ? 'done' : 'failed';
    for (const step of run.steps) if (step.state === 'ahead') step.state = state === 'exhausted' ? 'skipped' : 'spared';
}

const RULES = {
    fallback_step_started(run, data) {
        const step = stepOf(run, data.step);
        if (!step) return;
        for (const one of run.steps) if (one.number < data.step && one.state === 'ahead') one.state = 'skipped';
        Object.assign(step, {state: 'running', strategy: data.strategy ?? step.strategy, agent: data.agent_id ?? null, parameters: data.parameters ?? step.parameters, due: data.due_at ?? null});
        Object.assign(run, {state: 'running', at_step: data.step});
    },
    fallback_step_succeeded(run, data) { const step = stepOf(run, data.step); if (step) Object.assign(step, {state: 'done', strategy: data.strategy ?? step.strategy, duration_ms: data.duration_ms, task: data.task_id ?? null}); },
    fallback_step_failed(run, data) { const step = stepOf(run, data.step); if (step) Object.assign(step, {state: 'failed', strategy: data.strategy ?? step.strategy, duration_ms: data.duration_ms, error: data.error}); },
    attempt_started(run, data) {
        const step = isLive(run) ? run.steps.find((one) => data.fallback_step ? one.number === data.fallback_step : one.state === 'running') : null;
        if (step) Object.assign(step, {attempts: [...step.attempts, data.number], due: null});
    },
    task_escalated(run, data) {
        const step = data.step ? stepOf(run, data.step) : run.steps.find((one) => one.state === 'running');
        if (!isLive(run) || !step) return;
        Object.assign(step, {state: 'waiting', strategy: step.strategy ?? 'escalate', message: data.message, until: data.until, then: data.then});
        Object.assign(run, {state: 'waiting', at_step: step.number});
    },
    task_resumed(run, data, {actor}) {
        const step = run.steps.find((one) => one.state === 'waiting');
        if (!step) return;
        // Whoever says “try again” gets one attempt of this step.
        Object.assign(step, {state: {retry: 'running', complete: 'done'}[data.action] ?? 'failed', answer: {action: data.action, note: data.note, by: actor}});
        run.state = 'running';
    },
    fallback_succeeded(run, data) { end(run, 'recovered', data); },
    fallback_exhausted(run, data) { end(run, 'exhausted', data); },
    task_completed(run) { end(run, 'recovered'); },
    task_failed(run) { end(run, 'left'); },
    task_cancelled(run) { end(run, 'left'); },
    task_requeued(run) { end(run, 'left'); },
};

/** What a run is doing, or what has come of it, in a sentence. */
export function runWords(run) {
    const total = run.steps.length;
    const name = `“${run.name}”`;
    switch (run.state) {
    case 'running': return run.at_step ? `Step ${run.at_step} of ${total} of ${name} is under way.` : `${name} begins.`;
    case 'waiting': return `Step ${run.at_step} of ${total} of ${name} waits for a person.`;
    case 'recovered': return `${name} mended the task${run.at_step ? ` at step ${run.at_step} of ${total}` : ''}.`;
    case 'exhausted': return `None of the ${counted(total, 'step')} of ${name} helped: the task went to the dead letters.`;
    default: return `${name} was left at ${run.at_step ? `step ${run.at_step} of ${total}` : 'its beginning'}.`;
    }
}

