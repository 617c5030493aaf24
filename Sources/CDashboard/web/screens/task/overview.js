// The overview of a task: its way through the states, its retry policy, its provider's breaker, its facts and relatives.

import {h, replace, svg} from '../../core/dom.js';
import {isHealed} from '../../core/fold.js';
import {counted, percent, span, words} from '../../core/format.js';
import {icon} from '../../core/icons.js';
import {pathOf} from '../../core/path.js';
import {format} from '../../core/query.js';
import {href} from '../../core/router.js';
import {schedule, total} from '../../core/schedule.js';
import {resources} from '../../core/store.js';
import {everySecond, now, timeOf} from '../../core/time.js';
import {stateDiagram} from '../../components/state-diagram.js';
import {breakerMark} from '../../components/state.js';
import '../../components/fitted.js';

export function overviewView(model) {
    const diagram = stateDiagram();
    const curve = h('k-fitted', {class: 'policy-curve'});
    const policyWords = h('div', {class: 'policy-words'});
    const breaker = h('div', {class: 'card-body'});
    const facts = h('dl', {class: 'facts'});
    const related = h('div', {class: 'card-body related'});
    const element = h('div', {class: 'task-grid'},
        card('The way it took', h('div', {class: 'card-body'}, diagram), 'is-wide'),
        card('Facts', h('div', {class: 'card-body'}, facts)),
        card('Retry policy', h('div', {class: 'card-body'}, curve, policyWords), 'is-wide'),
        h('div', {class: 'stack-cards'}, card('Breaker of its provider', breaker), card('Related', related)));
    const drawn = {};
    const once = (name, signature, draw) => { if (drawn[name] !== signature) { drawn[name] = signature; draw(); } };

    function update() {
        const {task, attempts, events} = model;
        drawPath();
        once('facts', `${task.version} ${task.input_bytes}`, () => replace(facts, factsOf(task, events[0])));
        once('policy', `${task.round} ${task.round_attempt} ${task.status} ${attempts.length} ${JSON.stringify(task.retry_policy)}`, () => {
            curve.set((width) => policyCurve(task, attempts, width));
            replace(policyWords, policySentence(task));
        });
        once('related', `${task.agent_id} ${task.error?.type} ${JSON.stringify(task.metadata)}`, () => replace(related, relatives(task, events[0])));
        drawBreaker();
    }

    function drawPath() {
        if (!model.hasAll) { replace(diagram, h('p', {class: 'muted'}, 'The timeline is too long to draw the way through the states.')); return; }
        diagram.update(pathOf(model.events, now()), isHealed(model.task));
    }

    function drawBreaker() {
        const {task} = model;
        const found = resources.breakers.value?.data.find((one) => one.provider === task.provider);
        const {error} = resources.breakers;
        once('breaker', JSON.stringify([task.provider, found ?? null, error?.message]), () => replace(breaker, breakerOf(task, found, error)));
    }

    const leave = [resources.breakers.subscribe(drawBreaker), everySecond(() => { if (!model.task.finished_at) drawPath(); })];
    return {element, update, end: () => { for (const one of leave) one(); }};
}

export function card(title, body, kind = '') {
    return h('section', {class: `card ${kind}`}, h('div', {class: 'card-head'}, h('h3', {}, title)), body);
}

// The policy

/** The waits after each failure as a band, the waits that were drawn by lot as dots, and where the task is now. */
function policyCurve(task, attempts, width) {
    const waits = schedule(task.retry_policy);
    const height = 168;
    const inset = {left: 44, right: 14, top: 26, bottom: 30};
    const top = Math.max(1, ...waits.map((one) => one.high), ...own(task, attempts).map((one) => one.retry.delay_ms));
    const steps = Math.max(1, waits.length - 1);
    const x = (n) => waits.length === 1 ? (inset.left + width - inset.right) / 2 : inset.left + 10 + (n - 1) / steps * (width - inset.left - inset.right - 20);
    const y = (delay) => inset.top + (1 - delay / top) * (height - inset.top - inset.bottom);
    if (waits.length === 0) return h('p', {class: 'muted'}, 'One attempt only: nothing is retried by itself.');
    const band = waits.length === 1 ? `M${x(1) - 8} ${y(waits[0].high)}h16V${y(waits[0].low)}h-16Z`
        : `M${waits.map((one) => `${x(one.n)} ${y(one.high)}`).join('L')}L${[...waits].reverse().map((one) => `${x(one.n)} ${y(one.low)}`).join('L')}Z`;
    const line = `M${waits.map((one) => `${x(one.n)} ${y(one.raw)}`).join('L')}`;
    const every = Math.ceil(waits.length / Math.max(2, Math.floor(width / 64)));
    const here = Math.min(task.round_attempt, waits.length);
    const isWithin = ['pending', 'in_progress'].includes(task.status) && here >= 1;
    const anchor = isWithin && x(here) > width - 70 ? 'end' : isWithin && x(here) < 70 ? 'start' : 'middle';
    return h('figure', {class: 'policy-figure'}, svg('svg', {viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': `The wait after each failure: ${waits.map((one) => `after ${one.n}: ${span(one.low)} to ${span(one.high)}`).slice(0, 12).join('; ')}`},
        [0, 0.5, 1].map((share) => svg('g', {}, svg('line', {class: 'chart-grid', x1: inset.left, x2: width - inset.right, y1: y(top * share), y2: y(top * share)}),
            svg('text', {class: 'policy-text', x: inset.left - 8, y: y(top * share) + 4, 'text-anchor': 'end'}, span(Math.round(top * share))))),
        svg('path', {class: 'policy-band', d: band}), svg('path', {class: 'policy-line', d: line}),
        waits.map((one) => (one.n - 1) % every === 0 || one.n === waits.length ? svg('text', {class: 'policy-text', x: x(one.n), y: height - 10, 'text-anchor': 'middle'}, `after ${one.n}`) : null),
        isWithin ? svg('g', {class: 'policy-here'}, svg('line', {x1: x(here), x2: x(here), y1: inset.top - 6, y2: height - inset.bottom}),
            svg('text', {class: 'policy-text', x: x(here), y: 13, 'text-anchor': anchor}, 'you are here')) : null,
        own(task, attempts).map((attempt, index) => svg('circle', {class: 'policy-dot', cx: x(Math.min(index + 1, waits.length)), cy: y(attempt.retry.delay_ms), r: 4},
            svg('title', {}, `After attempt ${attempt.number} it waited ${span(attempt.retry.delay_ms)}`)))),
    h('figcaption', {class: 'legend'}, h('span', {}, h('i', {class: 'policy-key is-band'}), 'what chance allows'), h('span', {}, h('i', {class: 'policy-key is-line'}), 'without jitter'),
        own(task, attempts).length ? h('span', {}, h('i', {class: 'policy-key is-dot'}), 'what it waited') : null));
}

/** The attempts of this round after which it waited. */
function own(task, attempts) { return attempts.filter((attempt) => attempt.round === task.round && attempt.counted !== false && attempt.retry); }

function policySentence(task) {
    const policy = task.retry_policy;
    const {low, high} = total(policy);
    const left = Math.max(0, policy.max_attempts - task.round_attempt);
    return [
        h('p', {}, `${counted(policy.max_attempts, 'attempt')} a round, from ${span(policy.base_delay_ms)} doubling up to ${span(policy.max_delay_ms)}, ±${Math.round(policy.jitter * 100)} %.`,
            policy.max_attempts > 1 ? ` If all fail, that is ${span(low)} to ${span(high)} of waiting.` : ''),
        h('p', {class: 'muted'}, policy.on_open_breaker === 'hold' ? `While the breaker is open it is held, up to ${span(policy.hold_ms)}, spending no attempt.` : 'While the breaker is open it gives up its remaining attempts at once.',
            policy.max_elapsed_ms ? ` No retry begins later than ${span(policy.max_elapsed_ms)} after the round began.` : '',
            ['pending', 'in_progress'].includes(task.status) ? ` ${counted(left, 'attempt')} of this round ${left === 1 ? 'is' : 'are'} left.` : ''),
    ];
}

// The rest

function breakerOf(task, breaker, error) {
    if (!task.provider) return h('p', {class: 'muted'}, task.agent_id ? 'Its agent has no breaker.' : 'No agent has been chosen yet, so there is no provider.');
    const name = h('a', {href: href('/breakers', {provider: task.provider}), class: 'breaker-name'}, task.provider);
    if (!breaker) return [h('div', {class: 'breaker-line'}, name, breakerMark('closed')), h('p', {class: 'muted'}, error ? error.message : 'It has never tripped.')];
    const recent = breaker.recent.slice(-24);
    return [
        h('div', {class: 'breaker-line'}, name, breakerMark(breaker.state, {badge: true})),
        recent.length ? h('div', {class: 'calls', role: 'img', 'aria-label': `The last ${counted(recent.length, 'call')}: ${counted(recent.filter((one) => one === 'failure').length, 'failure')}`},
            recent.map((one) => h('i', {class: `call is-${one}`}))) : null,
        h('p', {class: 'muted'}, breaker.calls === 0 ? 'No call of late.' : `${percent(breaker.failure_rate)} of the calls in its window fail.`,
            breaker.held_tasks ? ` ${counted(breaker.held_tasks, 'task')} ${breaker.held_tasks === 1 ? 'is' : 'are'} held.` : '', breaker.trips_24h === 0 ? ' It has not tripped for a day.' : ` It tripped ${breaker.trips_24h === 1 ? 'once' : `${breaker.trips_24h} times`} in a day.`),
        breaker.state !== 'closed' && breaker.probe_at ? h('p', {}, 'Next probe ', timeOf(breaker.probe_at), '.') : null,
        breaker.forced ? h('p', {}, `A person has forced it${breaker.forced_reason ? `: ${breaker.forced_reason}` : ''}.`) : null,
    ];
}

function factsOf(task, first) {
    const fact = (name, ...value) => [h('dt', {}, name), h('dd', {}, value)];
    const created = first?.data ?? {};
    return [
        fact('Why', words(task.status_reason)), fact('Made', timeOf(task.created_at)),
        task.started_at ? fact('Began', timeOf(task.started_at)) : null,
        task.finished_at ? fact('Ended', timeOf(task.finished_at), h('span', {class: 'muted'}, ` after ${span(Date.parse(task.finished_at) - Date.parse(task.created_at))}`)) : null,
        task.run_at ? fact('Not before', timeOf(task.run_at)) : null,
        task.deadline_at ? fact('Deadline', timeOf(task.deadline_at)) : null,
        fact('Attempts', `${task.attempt} begun, ${task.round_attempt} of ${task.retry_policy.max_attempts} in round ${task.round}`),
        task.error ? fact('Last error', h('span', {class: 'mono'}, task.error.type), `, ${task.error.class}: ${task.error.message}`) : null,
        fact('One attempt', `at most ${span(task.timeout_ms)}`), task.priority ? fact('Priority', String(task.priority)) : null,
        task.capability ? fact('Capability', task.capability) : null,
        created.parent_task_id ? fact('Made by', h('a', {href: `/tasks/${created.parent_task_id}`}, 'another task')) : null,
        task.fallback_chain_id ? fact('Fallback chain', h('span', {class: 'id'}, task.fallback_chain_id)) : null,
        created.traceparent ? fact('Trace', h('span', {class: 'id'}, created.traceparent.split('-')[1] ?? created.traceparent)) : null,
        fact('Version', String(task.version)),
    ];
}

function relatives(task) {
    const chip = (field, value, negated = false) => format({field, op: '=', value, negated});
    const link = (label, ...chips) => h('li', {}, h('a', {href: href('/tasks', {q: chips.join(' ')})}, icon('tasks'), label));
    const failing = 'status:failed';
    const metadata = Object.entries(task.metadata ?? {});
    return [
        h('ul', {class: 'related-links'},
            link(`${task.type} that failed`, failing, chip('type', task.type)),
            task.agent_id ? link(`Failed on ${task.agent_id}`, failing, chip('agent', task.agent_id)) : null,
            task.error ? link(`Failed with ${task.error.type}`, failing, chip('error', task.error.type)) : null,
            link(`Active ${task.type}`, 'status:pending,in_progress,waiting', chip('type', task.type))),
        metadata.length ? [h('h4', {class: 'related-title'}, 'Metadata'), h('div', {class: 'related-chips'}, metadata.map(([key, value]) =>
            h('a', {class: 'chip is-link', href: href('/tasks', {q: format({field: 'metadata', key, op: '=', value, negated: false})}), title: `All with ${key} = ${value}`}, h('span', {class: 'chip-text'}, `${key}: ${value}`))))] : null,
    ];
}
