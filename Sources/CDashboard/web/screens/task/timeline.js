// Everything that happened, in order: grouped by attempt, filtered, each event with its JSON and an address of its own.

import {h, replace, setAttribute, setText} from '../../core/dom.js';
import {read} from '../../core/exact-json.js';
import {span} from '../../core/format.js';
import {icon} from '../../core/icons.js';
import {place} from '../../core/router.js';
import {exact, onZone, parse, wall} from '../../core/time.js';
import {copyText} from '../../components/copy.js';
import {download, jsonBlock} from '../../components/json-view.js';
import {eventMark} from '../../components/state.js';
import {toastError} from '../../components/toast.js';
import {slider} from './slider.js';

const LOUDNESS = {info: 0, warning: 1, error: 2, critical: 3};
const LEVELS = [['info', 'All'], ['warning', 'Warnings'], ['error', 'Errors']];
/** A longer pause before an event is told. */
const LONG_GAP = 1_000;
/** Of a run of progress reports, so many are shown before the rest is folded. */
const REPORTS = 3;
const CLOCK = 'kintsugi.timeline.clock';

export function timelineView(model) {
    let level = 'info';
    let isRelative = localStorage.getItem(CLOCK) !== 'wall';
    const unfolded = new Set();
    const rows = new Map();
    const groups = new Map();
    const list = h('div', {class: 'events'});
    const none = h('p', {class: 'muted events-none', hidden: true}, 'No event fits these filters.');
    const more = h('p', {class: 'note tone-copper', hidden: true}, icon('info'), h('span', {}, 'The timeline is longer than is shown here; the export and the API have all of it.'));
    const search = h('input', {class: 'input events-search', type: 'search', placeholder: 'Filter by text', 'aria-label': 'Filter events by text', on: {input: () => filter()}});
    const levels = segments('Severity', LEVELS, () => level, (value) => { level = value; filter(); });
    const clocks = segments('Times', [['relative', 'From start'], ['wall', 'Clock']], () => isRelative ? 'relative' : 'wall', (value) => {
        isRelative = value === 'relative';
        localStorage.setItem(CLOCK, value);
        drawTimes();
    });
    const save = h('button', {class: 'button is-small', type: 'button', title: 'One event a line, as the API gives them', on: {click: () => exportAll(model, save)}}, icon('download'), 'NDJSON');
    const moments = slider(model, () => mark());
    const element = h('div', {class: 'timeline'}, moments.element,
        h('div', {class: 'events-bar'}, levels, search, clocks, save), more, list, none);
    const leave = onZone(drawTimes);
    let arrived = null;

    function update() {
        const {events} = model;
        const before = rows.size;
        for (let index = rows.size; index < events.length; index += 1) add(events[index], events[index - 1], events[0]);
        if (rows.size > before) drawTimes();
        for (const group of groups.values()) group.refresh();
        more.hidden = model.hasAll;
        moments.update();
        filter();
        arrive();
    }

    // Rows

    let attempt = 0;
    let round = 0;
    function add(event, before, first) {
        if (event.type === 'attempt_started') attempt = event.data.number;
        if (event.round !== round) round = event.round;
        const startsRound = before && event.round !== before.round;
        const key = startsRound ? `${event.round}:new` : event.type === 'attempt_started' || !before ? `${event.round}:${attempt}` : currentKey;
        currentKey = key;
        if (!groups.has(key)) {
            const group = makeGroup(model, event, attempt, key.endsWith(':new'));
            groups.set(key, group);
            list.append(group.element);
        }
        const row = makeRow(event, before, first);
        rows.set(event.seq, row);
        groups.get(key).list.append(row.element);
    }
    let currentKey = '';

    function makeRow(event, before, first) {
        const time = h('time', {class: 'event-time', datetime: event.at, title: exact(parse(event.at))});
        const gap = before ? parse(event.at) - parse(before.at) : 0;
        const body = h('div', {class: 'event-json', hidden: true, id: `event-json-${event.seq}`});
        const toggle = h('button', {class: 'event-open', type: 'button', 'aria-expanded': 'false', 'aria-controls': body.id, on: {click: () => open(body.hidden)}},
            icon('chevron'), eventMark(event.type));
        const message = h('span', {class: 'event-message'}, event.message);
        const folded = h('button', {class: 'button is-small', type: 'button', hidden: true, on: {click: () => { unfolded.add(row.run); filter(); }}});
        const link = h('a', {class: 'button is-quiet is-icon is-small event-link', href: `?${addressOf(event.seq)}`, data: {replace: ''}, 'aria-label': `Link to event ${event.seq}`, title: 'Link to this event', on: {click: () => copyText(`${location.origin}${location.pathname}?${addressOf(event.seq)}`, 'Link copied.')}}, icon('link'));
        const row = {event, gap, run: null, folded};
        row.element = h('li', {class: `event is-${event.severity}`, data: {seq: event.seq}},
            gap >= LONG_GAP ? h('div', {class: 'event-gap'}, h('span', {}, `${span(gap)} later`)) : null,
            h('div', {class: 'event-line'}, time, toggle, h('div', {class: 'event-said'}, message, event.actor.startsWith('user:') && !event.message.includes(event.actor.slice(5)) ? h('span', {class: 'event-actor faint'}, ` by ${event.actor.slice(5)}`) : null, folded),
                event.severity === 'info' ? null : h('span', {class: 'visually-hidden'}, event.severity), link), body);
        row.drawTime = () => {
            const text = isRelative ? offset(parse(event.at) - parse(first.at)) : wall(parse(event.at), {milliseconds: true});
            setText(time, text);
            return text.length;
        };
        async function open(isOpen) {
            body.hidden = !isOpen;
            setAttribute(toggle, 'aria-expanded', String(isOpen));
            row.element.classList.toggle('is-open', isOpen);
            if (!isOpen || body.firstChild) return;
            try {
                const text = await model.textOf(event.seq);
                replace(body, jsonBlock(read(text, {deepest: 80}), text, `Event ${event.seq} as JSON`));
            } catch (error) {
                if (error.name !== 'AbortError') replace(body, h('p', {class: 'muted'}, error.message));
            }
        }
        row.open = open;
        return row;
    }

    /** The column of times is as wide as the longest needs it. */
    function drawTimes() {
        let longest = 8;
        for (const row of rows.values()) longest = Math.max(longest, row.drawTime());
        list.style.setProperty('--times', `${(longest * 0.5 + 0.25).toFixed(2)}rem`);
    }

    // Filters

    function filter() {
        const needle = search.value.trim().toLowerCase();
        const fits = ({event}) => LOUDNESS[event.severity] >= LOUDNESS[level]
            && (!needle || `${event.type} ${event.type.replaceAll('_', ' ')} ${event.message} ${event.actor} ${JSON.stringify(event.data)}`.toLowerCase().includes(needle));
        let run = [];
        let shown = 0;
        const close = () => { foldRun(run); run = []; };
        for (const row of rows.values()) {
            const isShown = fits(row);
            row.element.hidden = !isShown;
            row.folded.hidden = true;
            if (isShown) shown += 1;
            if (row.event.type === 'task_progress' && isShown && !needle) run.push(row); else close();
        }
        close();
        for (const group of groups.values()) group.element.hidden = ![...group.list.children].some((child) => !child.hidden);
        none.hidden = shown > 0 || rows.size === 0;
        mark();
    }

    /** Of many reports in a row only the last is news. */
    function foldRun(run) {
        const key = run[0]?.event.seq;
        if (run.length <= REPORTS || unfolded.has(key)) return;
        const wanted = Number(place().params.get('event'));
        if (run.some((row) => row.event.seq === wanted)) return;
        for (const row of run.slice(0, -1)) row.element.hidden = true;
        const last = run.at(-1);
        last.run = key;
        last.folded.hidden = false;
        setText(last.folded, `${run.length - 1} reports before it`);
    }

    /** What came after the moment that is looked at stands back. */
    function mark() {
        const {moment} = moments;
        for (const {event, element: row} of rows.values()) {
            row.classList.toggle('is-later', moment !== null && event.seq > moment);
            row.classList.toggle('is-moment', moment !== null && event.seq === moment);
        }
    }

    /** To the event of the address, once for each address. */
    function arrive() {
        const wanted = place().params.get('event');
        if (wanted === arrived) return;
        const row = rows.get(Number(wanted));
        if (wanted && !row) return;
        arrived = wanted;
        for (const one of rows.values()) one.element.classList.remove('is-lit');
        if (!row) return;
        if (row.element.hidden) { level = 'info'; search.value = ''; levels.draw(); filter(); }
        row.element.classList.add('is-lit');
        row.open(true);
        requestAnimationFrame(() => row.element.scrollIntoView({block: 'center'}));
    }

    return {element, update, arrive, end: () => { leave(); moments.end(); }};
}

function addressOf(seq) {
    const params = new URLSearchParams(location.search);
    params.set('tab', 'timeline');
    params.set('event', seq);
    return params.toString();
}

function offset(milliseconds) {
    if (milliseconds < 120_000) return `+${(milliseconds / 1000).toFixed(3)} s`;
    const [days, rest] = [Math.floor(milliseconds / 86_400_000), Math.floor(milliseconds / 1000) % 86_400];
    const two = (value) => String(value).padStart(2, '0');
    return `+${days ? `${days} d ` : ''}${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}`;
}

/** The events of one attempt, or those before the first of a round. */
function makeGroup(model, event, number, isRound) {
    const title = h('span', {class: 'events-title'});
    const detail = h('span', {class: 'muted'});
    const list = h('ol', {class: 'events-list'});
    const element = h('section', {class: `events-group${isRound ? ' is-round' : ''}`}, h('h3', {class: 'events-head'}, title, detail), list);
    return {
        element, list,
        refresh() {
            const attempt = model.attempts.find((one) => one.number === number);
            if (isRound || !attempt || event.type !== 'attempt_started') {
                setText(title, event.round === 1 ? 'Before the first attempt' : `Round ${event.round}`);
                setText(detail, isRound ? event.data?.reason ? `begun by ${event.actor.replace(':', ' ')}: ${event.data.reason}` : `begun by ${event.actor.replace(':', ' ')}` : '');
                return;
            }
            setText(title, `Attempt ${number}`);
            setText(detail, [attempt.agent_id, attempt.probe ? 'probe' : null, attempt.status.replace('_', ' '), attempt.duration_ms !== null ? span(attempt.duration_ms) : null].filter(Boolean).join(' · '));
        },
    };
}

/** Buttons of which one is pressed. */
function segments(label, choices, current, choose) {
    const buttons = choices.map(([key, word]) => h('button', {class: 'segment', type: 'button', data: {key}, on: {click: () => { choose(key); element.draw(); }}}, word));
    const element = h('div', {class: 'segments', role: 'group', 'aria-label': label}, buttons);
    element.draw = () => { for (const button of buttons) setAttribute(button, 'aria-pressed', String(button.dataset.key === current())); };
    element.draw();
    return element;
}

/** All events as they are in the API, one a line. */
async function exportAll(model, button) {
    button.disabled = true;
    try {
        const lines = [];
        for (let after = 0, hasMore = true; hasMore;) {
            const page = await model.page(after, 200);
            lines.push(...page.rows.map(({text}) => text.replace(/[\r\n]+/g, ' ')));
            after = page.rows.at(-1)?.row.seq ?? after;
            hasMore = page.hasMore;
        }
        download(`${model.id}.ndjson`, lines.join('\n') + '\n', 'application/x-ndjson');
    } catch (error) {
        toastError(error, 'The timeline could not be exported.');
    } finally {
        button.disabled = false;
    }
}
