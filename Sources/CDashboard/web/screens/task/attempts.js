// The attempts of a task: against time, in a table with the rule that decided each, and two of them side by side.

import {api} from '../../core/api.js';
import {h, keyed, replace} from '../../core/dom.js';
import {facts} from '../../core/diff.js';
import {member, read} from '../../core/exact-json.js';
import {outcome} from '../../core/fold.js';
import {counted, percent, span} from '../../core/format.js';
import {icon} from '../../core/icons.js';
import {holdsOf} from '../../core/path.js';
import {decided, reach} from '../../core/rules.js';
import {everySecond, timeOf, wall} from '../../core/time.js';
import {mendedBy, seamOf} from '../../core/waterfall-layout.js';
import {copyText} from '../../components/copy.js';
import {empty} from '../../components/empty.js';
import {breakerMark, mark} from '../../components/state.js';
import {toastError} from '../../components/toast.js';
import {waterfall} from '../../components/waterfall.js';
import {callAsCurl} from './copy-as.js';
import {card} from './overview.js';

const OUTCOMES = {
    succeeded: {icon: 'completed', word: 'succeeded', tone: 'glaze'}, failed: {icon: 'failed', word: 'failed', tone: 'crack'},
    abandoned: {icon: 'failed', word: 'abandoned', tone: 'crack'}, running: {icon: 'in_progress', word: 'running', tone: 'accent'},
    accepted: {icon: 'in_progress', word: 'accepted', tone: 'accent'}, interrupted: {icon: 'held', word: 'interrupted', tone: 'still'},
    cancelled: {icon: 'cancelled', word: 'cancelled', tone: 'still'},
};
const COLUMNS = ['', 'No.', 'Outcome', 'Agent', 'Began', 'Queue', 'Ran', 'HTTP', 'Retry-After', 'Breaker', 'What followed', ''];

export function attemptsView(model) {
    const fall = waterfall({onChoose: (number) => show(number)});
    const body = h('tbody', {role: 'rowgroup'});
    const table = h('table', {class: 'table attempts-table', role: 'table', 'aria-label': 'Attempts'},
        h('thead', {role: 'rowgroup'}, h('tr', {role: 'row'}, COLUMNS.map((label, index) => h('th', {scope: 'col', role: 'columnheader'}, label || h('span', {class: 'visually-hidden'}, index === 0 ? 'Compare' : 'Acts'))))), body);
    const comparison = h('div', {class: 'comparison', 'aria-live': 'polite'});
    const hint = h('p', {class: 'faint compare-hint'}, 'Tick two attempts to compare them.');
    const content = h('div', {class: 'attempts'}, card('Waterfall', h('div', {class: 'card-body'}, fall)),
        h('section', {class: 'card attempts-card'}, h('div', {class: 'card-head'}, h('h3', {}, 'Every attempt'), hint), h('div', {class: 'scroll-x', tabindex: '0', role: 'region', 'aria-label': 'Attempts, a table'}, table), comparison));
    const nothing = h('div', {class: 'card'});
    const element = h('div', {}, content, nothing);
    const chosen = [];

    function drawFall() { fall.update(model.task, model.attempts, holdsOf(model.events)); }

    function update() {
        const {task, attempts} = model;
        content.hidden = attempts.length === 0;
        nothing.hidden = attempts.length > 0;
        if (attempts.length === 0) {
            replace(nothing, empty('clock', 'No attempt yet', task.explanation));
            return;
        }
        drawFall();
        hint.hidden = attempts.length < 2;
        keyed(body, [...attempts].reverse(), (attempt) => attempt.number, (attempt) => h('tr', {role: 'row', tabindex: '-1', data: {number: attempt.number}}), (row, attempt) => {
            const signature = `${JSON.stringify(attempt)} ${task.status} ${chosen.includes(attempt.number)} ${attempts.length}`;
            if (row.signature === signature) return;
            row.signature = signature;
            replace(row, cells(attempt));
        });
        if (chosen.length === 2) compare();
    }

    function cells(attempt) {
        const {task, attempts} = model;
        const check = h('input', {type: 'checkbox', 'aria-label': `Compare attempt ${attempt.number}`, checked: chosen.includes(attempt.number), on: {change: () => choose(attempt.number, check.checked)}});
        const seam = seamOf(task, attempt);
        const cell = (label, ...value) => h('td', {role: 'cell', data: {label}}, value);
        return [
            h('td', {role: 'cell', class: 'cell-check'}, attempts.length > 1 ? check : null),
            h('th', {scope: 'row', role: 'rowheader', class: 'attempt-number'}, `${attempt.number}`, attempts.some((one) => one.round > 1) ? h('span', {class: 'faint'}, ` round ${attempt.round}`) : null),
            h('td', {role: 'cell', class: 'attempt-outcome', data: {label: 'Outcome'}}, h('div', {class: 'attempt-marks'}, mark(OUTCOMES[attempt.status]), attempt.probe ? h('span', {class: 'badge tone-copper', title: 'It asked whether the provider is back'}, 'probe') : null,
                seam === 'gold' ? h('span', {class: 'state tone-gold'}, icon('healed'), h('span', {}, `healed by ${mendedBy(task, attempt, attempts)}`)) : null),
            attempt.error ? h('p', {class: 'attempt-rule'}, decided(attempt.error)) : null,
            attempt.error ? h('p', {class: 'faint attempt-error'}, attempt.error.message) : null),
            cell('Agent', attempt.agent_id ? h('a', {href: `/agents/${attempt.agent_id}`}, attempt.agent_id) : '–'),
            cell('Began', timeOf(attempt.started_at)), cell('Queue', span(attempt.queue_ms)), cell('Ran', attempt.duration_ms === null ? 'running' : span(attempt.duration_ms)),
            cell('HTTP', attempt.http_status ?? '–'), cell('Retry-After', attempt.error?.retry_after_ms ? span(attempt.error.retry_after_ms) : '–'),
            cell('Breaker', attempt.provider ? breakerMark(attempt.breaker_state ?? 'closed') : '–'), cell('What followed', followed(attempt, model)),
            h('td', {role: 'cell', class: 'end'}, h('button', {class: 'button is-quiet is-small', type: 'button', title: 'The agent’s call as cURL', on: {click: () => copyCall(model, attempt)}}, icon('copy'), 'cURL')),
        ];
    }

    function show(number) {
        const row = body.querySelector(`[data-number="${number}"]`);
        for (const one of body.children) one.classList.toggle('is-cursor', one === row);
        row?.scrollIntoView({block: 'nearest'});
        row?.focus({preventScroll: true});
    }

    function choose(number, isOn) {
        const index = chosen.indexOf(number);
        if (isOn && index < 0) chosen.push(number);
        if (!isOn && index >= 0) chosen.splice(index, 1);
        // The third takes the place of the first.
        if (chosen.length > 2) chosen.shift();
        for (const row of body.children) {
            const input = row.querySelector('input');
            if (input) input.checked = chosen.includes(Number(row.dataset.number));
            row.classList.toggle('is-selected', chosen.includes(Number(row.dataset.number)));
        }
        compare();
    }

    function compare() {
        const two = chosen.map((number) => model.attempts.find((one) => one.number === number)).filter(Boolean).sort((a, b) => a.number - b.number);
        if (two.length < 2) { replace(comparison); return; }
        const rows = facts(...two.map((attempt) => factsOf(attempt, model)));
        const same = rows.filter((row) => !row.differs).length;
        replace(comparison, h('div', {class: 'compare-head'}, h('h4', {}, `Attempt ${two[0].number} and attempt ${two[1].number}`), h('span', {class: 'muted'}, `${counted(rows.length - same, 'difference')}, ${same} the same`)),
            h('table', {class: 'compare'}, h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, h('span', {class: 'visually-hidden'}, 'What')), two.map((attempt) => h('th', {scope: 'col'}, `Attempt ${attempt.number}`)))),
                h('tbody', {}, rows.map((row) => h('tr', {class: row.differs ? 'is-different' : ''}, h('th', {scope: 'row'}, row.name, row.differs ? h('span', {class: 'compare-mark', title: 'They differ'}, ' ≠') : null), h('td', {}, row.left), h('td', {}, row.right))))));
    }

    const leave = everySecond(() => { if (!model.task.finished_at && model.attempts.length > 0) drawFall(); });
    return {element, update, end: leave};
}

/** What came of it, in a few words. */
function followed(attempt, {task, attempts, events}) {
    const next = attempts.find((one) => one.number > attempt.number);
    if (outcome(attempt) === 'running') return 'it runs';
    if (attempt.status === 'succeeded') return 'the task completed';
    if (attempt.retry) return `retry in ${span(attempt.retry.delay_ms)}`;
    const isHeld = events.some((event) => event.type === 'task_held' && event.at === attempt.finished_at);
    if (isHeld) return 'held by the breaker';
    if (next && next.round === attempt.round) return next.agent_id === attempt.agent_id ? `attempt ${next.number}` : `${next.agent_id} took over`;
    const ended = task.round === attempt.round && !next ? task.status : 'failed';
    if (attempt.status === 'cancelled') return 'the task was cancelled';
    return {failed: 'dead letter queue', cancelled: 'the task was cancelled', waiting: 'a person decides', completed: 'the task completed'}[ended] ?? 'it waits';
}

function factsOf(attempt, model) {
    return [
        ['Round', String(attempt.round)], ['Outcome', attempt.status], ['Agent', attempt.agent_id ?? '–'], ['Provider', attempt.provider ?? '–'], ['Node', attempt.node ?? '–'],
        ['Began', wall(Date.parse(attempt.started_at), {milliseconds: true})], ['In the queue', span(attempt.queue_ms)], ['Ran', span(attempt.duration_ms)],
        ['HTTP status', String(attempt.http_status ?? '–')], ['Error', attempt.error?.type ?? '–'], ['Class', attempt.error?.class ?? '–'],
        ['Message', attempt.error?.message ?? '–'], ['Retry-After', span(attempt.error?.retry_after_ms)], ['Seen by the agent', reach(attempt.error?.sent) || '–'],
        ['Breaker', `${attempt.breaker_state ?? '–'}${typeof attempt.failure_rate === 'number' ? `, ${percent(attempt.failure_rate)} failing` : ''}`],
        ['Probe', attempt.probe ? 'yes' : 'no'], ['What followed', followed(attempt, model)],
    ];
}

/** The call of an attempt: with the input and the key that it had, also if a later retry has edited them. */
async function copyCall(model, attempt) {
    try {
        const {task, events} = model;
        const agent = attempt.agent_id ? await api.get(`/agents/${attempt.agent_id}`).catch(() => null) : null;
        const start = events.find((event) => event.type === 'attempt_started' && event.data.number === attempt.number)?.seq ?? 0;
        const later = events.find((event) => event.type === 'input_edited' && event.seq > start);
        const earlier = events.findLast((event) => event.type === 'input_edited' && event.seq < start);
        let input = model.payload('input')?.text ?? 'null';
        if (later) {
            const text = await model.textOf(later.seq);
            const before = member(member(read(text, {deepest: 80}), 'data'), 'before');
            if (before) input = text.slice(before.start, before.end);
        }
        const key = earlier?.data.idempotency_key ?? null;
        await copyText(callAsCurl(task, {...attempt, idempotency_key: key}, agent, input), agent?.callback_url
            ? 'The call is copied, without its token and signature.' : 'The call is copied; put in the agent’s address, which is not shown here.');
    } catch (error) {
        toastError(error, 'The call could not be put together.');
    }
}
