// The task as it was at any moment: a fold of its events up to there.

import {h, replace, setAttribute, setText, svg} from '../../core/dom.js';
import {empty, evolve} from '../../core/fold.js';
import {span} from '../../core/format.js';
import {icon} from '../../core/icons.js';
import {parse, wall} from '../../core/time.js';
import {drawSeams, seams} from '../../components/seams.js';
import {stateMark} from '../../components/state.js';

/** A step of the play button. */
const BEAT = 700;

/** `{element, update(), set(seq)}`; `onMoment(seq or null)` hears of the moment; null is now. */
export function slider(model, onMoment) {
    // The states after each event, so that going back and forth folds nothing twice.
    const states = [empty()];
    let moment = null;
    let timer = null;
    const range = h('input', {type: 'range', class: 'moment-range', min: '1', step: '1', 'aria-label': 'The task as it was after event', on: {input: () => { stop(); move(Number(range.value)); }}});
    const ticks = h('div', {class: 'moment-ticks', 'aria-hidden': 'true'});
    const play = h('button', {class: 'button is-icon is-small', type: 'button', 'aria-label': 'Play it', title: 'Play it from the beginning', on: {click: () => timer ? stop() : begin()}}, icon('play'));
    const back = h('button', {class: 'button is-small', type: 'button', on: {click: () => { stop(); move(null); }}}, 'Now');
    const line = h('span', {class: 'moment-line'});
    const was = h('div', {class: 'moment-was', hidden: true});
    const element = h('section', {class: 'card moment', 'aria-label': 'The task as it was'},
        h('div', {class: 'moment-bar'}, play, h('div', {class: 'moment-track'}, ticks, range), back), h('p', {class: 'moment-told', role: 'status'}, line), was);

    function stateAfter(index) {
        while (states.length <= index) states.push(evolve(states.at(-1), model.events[states.length - 1]));
        return states[index];
    }

    function move(value) {
        moment = value;
        draw();
        onMoment(moment);
    }

    function begin() {
        if (model.events.length === 0) return;
        if (moment === null || moment >= model.events.length) move(1);
        timer = setInterval(() => {
            if (moment >= model.events.length) { stop(); move(null); return; }
            move(moment + 1);
        }, BEAT);
        drawPlay();
    }

    function stop() {
        clearInterval(timer);
        timer = null;
        drawPlay();
    }

    function drawPlay() {
        replace(play, icon(timer ? 'pause' : 'play'));
        setAttribute(play, 'aria-label', timer ? 'Stop playing' : 'Play it');
    }

    function draw() {
        const {events} = model;
        const last = events.length;
        setAttribute(range, 'max', Math.max(1, last));
        const place = moment ?? last;
        if (Number(range.value) !== place) range.value = String(place);
        back.hidden = moment === null;
        was.hidden = moment === null;
        element.classList.toggle('is-past', moment !== null);
        if (last === 0) return;
        const event = events[place - 1];
        const since = span(parse(event.at) - parse(events[0].at));
        const text = moment === null ? `Now, after ${last} events. Move to see it as it was.` : `Event ${place} of ${last}, ${wall(parse(event.at), {milliseconds: true})}, ${since} after it was made`;
        setText(line, text);
        setAttribute(range, 'aria-valuetext', `${text}: ${event.message}`);
        range.style.setProperty('--share', String(last > 1 ? (place - 1) / (last - 1) : 1));
        if (moment !== null) drawWas(stateAfter(place), event);
        drawTicks(events);
    }

    function drawWas(state, event) {
        const drawing = seams();
        drawSeams(drawing, state, state.attempts);
        const next = state.due_at && Date.parse(state.due_at) > Date.parse(event.at) ? `next attempt in ${span(Date.parse(state.due_at) - Date.parse(event.at))}` : state.held_by ? `held by the breaker of ${state.held_by}` : null;
        replace(was, stateMark(state, {badge: true}),
            h('span', {}, state.attempt === 0 ? 'no attempt yet' : `attempt ${state.round_attempt} of ${state.max_attempts}${state.round > 1 ? `, round ${state.round}` : ''}`),
            state.agent_id ? h('span', {class: 'muted'}, state.agent_id) : null, drawing, next ? h('span', {class: 'muted'}, next) : null,
            state.progress && state.status === 'in_progress' ? h('span', {class: 'muted'}, `${state.progress.percent} %`) : null,
            state.dead_letter === 'pending' ? h('span', {class: 'muted'}, 'in the dead letter queue') : null,
            state.error && state.status !== 'completed' ? h('span', {class: 'moment-error'}, h('span', {class: 'mono'}, state.error.type), `: ${state.error.message}`) : null);
    }

    let drawn = 0;
    function drawTicks(events) {
        if (drawn === events.length) return;
        drawn = events.length;
        const loud = events.map((event, index) => [event.severity, index]).filter(([severity]) => events.length <= 160 || severity !== 'info').slice(0, 400);
        replace(ticks, svg('svg', {viewBox: '0 0 1000 10', preserveAspectRatio: 'none'}, loud.map(([severity, index]) => {
            const x = events.length > 1 ? index / (events.length - 1) * 1000 : 1000;
            return svg('line', {class: `moment-tick is-${severity}`, x1: x, x2: x, y1: severity === 'info' ? 5 : 0, y2: 10});
        })));
    }

    return {element, update: draw, set: (value) => { stop(); move(value); }, end: stop, get moment() { return moment; }};
}
