// The card of a breaker: its state, the ring, the last calls, the day.

import {h, replace, setAttribute, setText, svg} from '../../core/dom.js';
import {count, countdown, counted, percent, span} from '../../core/format.js';
import {href} from '../../core/router.js';
import {session} from '../../core/session.js';
import {exact, now, parse, timeOf, wall} from '../../core/time.js';
import {breakerMark} from '../../components/state.js';
import {force} from './force.js';
import {history, timeIn} from './history.js';

const AROUND = 2 * Math.PI * 34;
const HEIGHTS = {closed: [8, 4], half_open: [4, 12], open: [0, 20]};

/** A card for `updateCard`. */
export function breakerCard(breaker) {
    const parts = {
        state: h('span', {}), title: h('h2', {title: breaker.provider}, breaker.provider), acts: h('span', {class: 'push button-row'}), sentence: h('p', {class: 'breaker-says'}),
        arc: svg('circle', {class: 'ring-arc', cx: 40, cy: 40, r: 34, 'stroke-dasharray': AROUND}), tick: svg('line', {class: 'ring-tick', x1: 40, x2: 40, y1: 1, y2: 11}),
        big: h('strong', {}), small: h('span', {}), facts: h('dl', {class: 'breaker-facts'}), calls: h('div', {class: 'breaker-calls'}), day: h('div', {class: 'breaker-day'}), foot: h('div', {class: 'card-foot breaker-foot'}),
    };
    parts.ring = h('div', {class: 'ring'}, svg('svg', {viewBox: '0 0 80 80', 'aria-hidden': 'true'}, svg('circle', {class: 'ring-ground', cx: 40, cy: 40, r: 34}), parts.arc, parts.tick), h('div', {class: 'ring-text'}, parts.big, parts.small));
    const element = h('li', {class: 'card breaker', data: {provider: breaker.provider}, tabindex: '-1'},
        h('div', {class: 'card-head'}, parts.state, parts.title, parts.acts),
        h('div', {class: 'card-body breaker-body'}, parts.sentence, parts.ring, parts.facts, parts.calls, parts.day), parts.foot);
    element.parts = parts;
    return element;
}

/** Draws what has changed; `agents`: those that share it, `marks`: of the last day, or null. */
export function updateCard(element, breaker, {agents, marks}) {
    const {parts} = element;
    element.breaker = breaker;
    for (const state of Object.keys(HEIGHTS)) element.classList.toggle(`is-${state}`, state === breaker.state);
    const policy = agents.find((agent) => agent.breaker)?.breaker ?? null;
    element.threshold = policy?.failure_rate ?? null;
    // One failure of one call is no alarm: the policy wants some calls before it looks at the rate.
    element.classList.toggle('is-few', breaker.calls !== null && breaker.calls < (policy?.min_calls ?? 0));
    tick(element);
    const signature = JSON.stringify([breaker, agents.map((agent) => agent.id), policy]);
    if (signature !== element.signature) {
        element.signature = signature;
        replace(parts.state, breakerMark(breaker.state, {badge: true}));
        replace(parts.sentence, sentence(breaker));
        showActs(parts.acts, breaker);
        const held = breaker.held_tasks;
        const fact = (label, value) => h('div', {}, h('dt', {}, label), h('dd', {}, value));
        replace(parts.facts, fact('Failure rate', percent(breaker.failure_rate)), fact('Calls in its window', count(breaker.calls)),
            fact('Tasks held', held && agents.length ? h('a', {href: href('/tasks', {q: `status:pending agent:${agents[0].id}`})}, count(held)) : count(held)), fact('Trips in 24 h', count(breaker.trips_24h)));
        showCalls(parts.calls, breaker.recent);
        showFoot(parts.foot, policy, agents);
    }
    showDay(parts.day, breaker, marks);
}

/** What changes by the second: the ring. An open breaker counts down to its probe; else it shows the failure rate against the limit. */
export function tick(element) {
    const {breaker, parts, threshold} = element;
    const [probe, opened] = [parse(breaker.probe_at), parse(breaker.opened_at)];
    const isCounting = breaker.state === 'open' && probe !== null;
    const left = isCounting ? Math.max(0, probe - now()) : 0;
    const share = isCounting ? left / Math.max(1, probe - (opened ?? probe - 30_000)) : {open: 1, half_open: 0.5}[breaker.state] ?? breaker.failure_rate;
    parts.arc.style.strokeDashoffset = String(AROUND * (1 - Math.min(1, share)));
    setText(parts.big, isCounting ? left > 0 ? countdown(left) : 'now' : {open: 'held', half_open: 'probe'}[breaker.state] ?? percent(breaker.failure_rate));
    setText(parts.small, isCounting && !breaker.forced ? 'to probe' : {open: 'by hand', half_open: 'under way'}[breaker.state] ?? 'failing');
    const isTicked = breaker.state === 'closed' && threshold !== null;
    setAttribute(parts.tick, 'visibility', isTicked ? 'visible' : 'hidden');
    if (isTicked) setAttribute(parts.tick, 'transform', `rotate(${threshold * 360} 40 40)`);
    setAttribute(parts.ring, 'title', isTicked ? `Opens at ${percent(threshold)}` : null);
}

function sentence(breaker) {
    const until = breaker.forced_until ? [' until ', timeOf(breaker.forced_until)] : ' until someone changes it';
    if (breaker.forced) return [`Forced ${breaker.state === 'open' ? 'open' : 'closed'} by a person`, until, breaker.forced_reason ? `: “${breaker.forced_reason}”` : '.'];
    if (breaker.state === 'open') return ['Opened ', timeOf(breaker.opened_at), '. Its tasks wait, spending no attempt, until a probe succeeds.'];
    if (breaker.state === 'half_open') return 'A probe is on its way: if it succeeds the breaker closes, if it fails it opens again for longer.';
    if (breaker.calls === 0) return 'Lets every call through. None was made lately.';
    return breaker.failure_rate > 0 ? 'Lets every call through, and counts the failures.' : 'Lets every call through.';
}

function showActs(element, breaker) {
    const act = (state, label) => h('button', {class: 'button is-small', type: 'button', title: state === 'open' ? 'Hold it open by hand' : 'Close it by hand', on: {click: () => force(breaker, state)}}, label);
    replace(element, session.isAdmin ? [breaker.state === 'open' && breaker.forced ? null : act('open', breaker.state === 'open' ? 'Hold…' : 'Force open…'),
        breaker.state === 'closed' && !breaker.forced ? null : act('close', 'Close…')] : null);
}

function showCalls(element, recent) {
    if (!recent.length) return void replace(element, h('p', {class: 'faint'}, session.isAdmin ? 'No calls in its window.' : 'Single calls are shown to admins.'));
    const failures = recent.filter((one) => one === 'failure').length;
    const [step, across] = [10, 25];
    const lines = Math.ceil(recent.length / across);
    replace(element, svg('svg', {class: 'calls', width: across * step, height: lines * step, viewBox: `0 0 ${across * step} ${lines * step}`, role: 'img',
        'aria-label': `Last ${counted(recent.length, 'call')}, newest last: ${recent.length - failures} succeeded, ${failures} failed`},
    recent.map((one, index) => {
        const [x, y] = [index % across * step + 5, Math.floor(index / across) * step + 5];
        return one === 'success' ? svg('circle', {class: 'call-success', cx: x, cy: y, r: 3}) : svg('path', {class: 'call-failure', d: `M${x - 3} ${y - 3}l6 6m0 -6l-6 6`});
    })), h('p', {class: 'faint'}, recent.length === 1 ? `The last call ${failures ? 'failed' : 'succeeded'}` : failures ? `${count(failures)} of the last ${count(recent.length)} calls failed` : `The last ${count(recent.length)} calls succeeded`));
}

function showDay(element, breaker, marks) {
    element.hidden = !marks;
    if (!marks) return;
    const to = now();
    const from = to - 86_400_000;
    // That it is open is known before the statistics know it.
    const opened = breaker.state === 'closed' || !breaker.opened_at ? [] : [{provider: breaker.provider, type: 'circuit_breaker_opened', at: breaker.opened_at}];
    const parts = history([...opened, ...marks], breaker.provider, from, to, breaker.state);
    // The strip moves by a pixel every few minutes: more often it need not be drawn.
    const signature = `${parts.length} ${breaker.state} ${Math.floor(to / 120_000)}`;
    if (element.signature === signature) return;
    element.signature = signature;
    const x = (at) => (at - from) / 864_000;
    const [open, half] = [timeIn(parts, 'open'), timeIn(parts, 'half_open')];
    const says = open + half === 0 ? 'closed all day' : `open for ${span(open)} in all`;
    replace(element, svg('svg', {class: 'day', viewBox: '0 0 100 20', preserveAspectRatio: 'none', role: 'img', 'aria-label': `Last 24 hours: ${says}`},
        parts.map((part) => svg('rect', {class: `day-${part.state}`, x: x(part.from), width: Math.max(0.35, x(part.to) - x(part.from)), y: HEIGHTS[part.state][0], height: HEIGHTS[part.state][1]},
            svg('title', {}, `${part.state.replace('_', '-')}, ${wall(part.from)} to ${wall(part.to)}`)))),
    h('p', {class: 'faint day-axis'}, h('span', {}, '24 h ago'), h('span', {}, says), h('span', {title: exact(to)}, 'now')));
}

function showFoot(element, policy, agents) {
    replace(element, policy ? h('p', {}, `Opens at ${counted(policy.consecutive_failures, 'failure')} in a row, or when ${percent(policy.failure_rate)} of at least ${count(policy.min_calls)} calls within ${span(policy.window_ms)} fail; `
        + `for ${span(policy.open_ms)}, doubling up to ${span(Math.max(policy.max_open_ms, policy.open_ms))} while probes fail. Closes after ${counted(policy.probes, 'good probe')}.`) : null,
    agents.length ? h('p', {}, agents.length === 1 ? 'Guards ' : 'Shared by ', agents.slice(0, 6).map((agent, index) => [index ? ', ' : '', h('a', {href: href('/agents', {agent: agent.id})}, agent.id)]), agents.length > 6 ? ` and ${agents.length - 6} more` : '') : h('p', {}, 'No agent uses it any more.'));
}
