// The states a task can be in, with the way that this one took lit: how often over each edge, how long in each state.

import {h, svg} from '../core/dom.js';
import {counted, span} from '../core/format.js';
import './fitted.js';

const WIDE = {
    height: 286, box: [104, 46],
    nodes: {pending: [0.12, 112], in_progress: [0.47, 112], held: [0.12, 216], waiting: [0.47, 216], completed: [0.86, 42], failed: [0.86, 132], cancelled: [0.86, 222]},
};
const NARROW = {
    height: 380, box: [92, 44],
    nodes: {pending: [0.17, 92], in_progress: [0.6, 92], held: [0.17, 192], waiting: [0.6, 192], completed: [0.17, 316], failed: [0.5, 316], cancelled: [0.83, 316]},
};

const WORDS = {pending: 'pending', in_progress: 'in progress', held: 'held', waiting: 'waiting', completed: 'completed', failed: 'failed', cancelled: 'cancelled'};
const TONES = {pending: 'still', in_progress: 'accent', held: 'copper', waiting: 'person', completed: 'glaze', failed: 'crack', cancelled: 'still'};

/** Edges that are always drawn, so that one sees what could be; others only when they were taken. */
const ALWAYS = ['pending>in_progress', 'in_progress>pending', 'in_progress>held', 'held>pending', 'in_progress>waiting',
    'in_progress>completed', 'in_progress>failed', 'in_progress>cancelled'];

/** The diagram of a path (`pathOf`), as an element that fits its place; `update(path, isHealed)`. */
export function stateDiagram() {
    const fitted = h('k-fitted', {class: 'diagram'});
    const told = h('p', {class: 'visually-hidden'});
    const element = h('div', {}, fitted, told);
    let drawn = '';
    element.update = (path, isHealed) => {
        const signature = JSON.stringify([[...path.nodes].map(([name, node]) => [name, node.visits, span(node.spent_ms)]), [...path.edges], path.current, isHealed]);
        if (signature === drawn) return;
        drawn = signature;
        told.textContent = describe(path);
        fitted.set((width) => draw(path, width, isHealed));
    };
    return element;
}

/** The path in a sentence. */
export function describe(path) {
    const nodes = [...path.nodes].map(([name, node]) => `${WORDS[name]} ${counted(node.visits, 'time')}${node.spent_ms >= 1 ? `, ${span(node.spent_ms)} in all` : ''}`);
    return `The task was ${nodes.join('; ')}. It is ${WORDS[path.current] ?? 'not begun'} now.`;
}

function draw(path, width, isHealed) {
    const plan = width >= 540 ? WIDE : {...NARROW, box: [Math.min(NARROW.box[0], Math.floor(width * 0.29)), NARROW.box[1]]};
    const isWide = plan === WIDE;
    // The lane below is there only if a new round went along it.
    const hasLane = [...path.edges.keys()].some((key) => key.endsWith('>pending') && !/^(in_progress|held)>/.test(key));
    const height = hasLane ? plan.height : plan.height - (isWide ? 24 : 34);
    const place = (name) => {
        const [x, y] = plan.nodes[name];
        const half = plan.box[0] / 2 + 1;
        return [Math.min(width - half, Math.max(half + (isWide ? 16 : 9), x * width)), y];
    };
    const keys = new Set([...ALWAYS, ...path.edges.keys()]);
    const edges = [...keys].map((key) => ({key, taken: path.edges.get(key)}));
    // What was taken is drawn last, above what was not.
    edges.sort((a, b) => (a.taken ? 1 : 0) - (b.taken ? 1 : 0));
    const lines = [];
    const labels = [];
    for (const {key, taken} of edges) {
        const [from, to] = key.split('>');
        const route = isWide ? wide(from, to, place, plan, width) : narrow(from, to, place, plan, width);
        lines.push(edge(route, taken, to, isHealed));
        if (taken) labels.push(label(route, taken, path.begun, key));
    }
    const boxes = Object.keys(plan.nodes).map((name) => node(name, place(name), plan, path, isHealed));
    const start = place('pending');
    const from = isWide ? [start[0] - plan.box[0] / 2 - 4, start[1] - 60] : [start[0], 26];
    return svg('svg', {viewBox: `0 0 ${width} ${height}`, width, height, 'aria-hidden': 'true', class: 'diagram-image'},
        svg('circle', {class: 'diagram-start', cx: from[0] + (isWide ? 14 : 0), cy: from[1], r: 4}),
        svg('path', {class: 'diagram-edge is-taken', d: isWide ? `M${from[0] + 14} ${from[1] + 4}V${start[1] - plan.box[1] / 2 - 7}` : `M${from[0]} 30V${start[1] - plan.box[1] / 2 - 7}`}),
        arrow(isWide ? from[0] + 14 : from[0], start[1] - plan.box[1] / 2 - 1, 'down', true), lines, boxes, labels);
}

/** A route: `{d, at: [x, y] of the label, tip: [x, y, direction]}`. */
function wide(from, to, place, {box}, width) {
    const [[x1, y1], [x2, y2]] = [place(from), place(to)];
    const [w, t] = [box[0] / 2, box[1] / 2];
    const key = `${from}>${to}`;
    if (key === 'pending>in_progress') return straight(x1 + w, y1 + 8, x2 - w, y2 + 8, [0, 14]);
    if (key === 'in_progress>pending') {
        const top = y1 - t - 52;
        return {d: `M${x1} ${y1 - t}C${x1} ${top} ${x2 + 18} ${top} ${x2 + 18} ${y2 - t - 7}`, at: [(x1 + x2 + 18) / 2, y1 - t - 41], tip: [x2 + 18, y2 - t - 1, 'down']};
    }
    if (key === 'held>pending' || key === 'in_progress>waiting' || key === 'pending>held' || key === 'waiting>in_progress') {
        const shift = key === 'pending>held' ? -26 : key === 'held>pending' ? -6 : key === 'waiting>in_progress' ? 26 : 6;
        const isDown = y2 > y1;
        return {d: `M${x1 + shift} ${y1 + (isDown ? t : -t)}V${y2 + (isDown ? -t - 7 : t + 7)}`, at: [x1 + shift, (y1 + y2) / 2],
            tip: [x2 + shift, y2 + (isDown ? -t - 1 : t + 1), isDown ? 'down' : 'up']};
    }
    if (to === 'held') return curve(x1 - w + 10, y1 + t, x2 + w, y2 - 6, 'left', 0.62);
    if (to === 'pending') {
        // A new round: around below, so that nothing is crossed.
        const low = 272;
        const out = from === 'waiting' ? x1 - 20 : width - 3;
        const begin = from === 'waiting' ? `M${x1 - 20} ${y1 + t}V${low - 8}q0 8 -8 8` : `M${x1 + w} ${y1}H${out - 8 > x1 + w ? out - 8 : x1 + w}q8 0 8 8V${low - 8}q0 8 -8 8`;
        const left = 4;
        return {d: `${begin}H${left + 8}q-8 0 -8 -8V${y2 + 8}q0 -8 8 -8H${x2 - w - 7}`, at: [width * 0.3, low], tip: [x2 - w - 1, y2, 'right']};
    }
    return curve(x1 + w, y1 + (to === 'completed' ? -8 : to === 'cancelled' ? 8 : 0), x2 - w, y2 + (from === 'in_progress' ? 0 : from === 'waiting' ? 8 : -8), 'right', 0.72);
}

function narrow(from, to, place, {box}, width) {
    const [[x1, y1], [x2, y2]] = [place(from), place(to)];
    const [w, t] = [box[0] / 2, box[1] / 2];
    const key = `${from}>${to}`;
    if (key === 'pending>in_progress') return straight(x1 + w, y1 + 8, x2 - w, y2 + 8, [0, 14]);
    if (key === 'in_progress>pending') {
        const top = y1 - t - 44;
        return {d: `M${x1} ${y1 - t}C${x1} ${top} ${x2 + 24} ${top} ${x2 + 24} ${y2 - t - 7}`, at: [(x1 + x2 + 24) / 2, y1 - t - 35], tip: [x2 + 24, y2 - t - 1, 'down']};
    }
    if (x1 === x2 || key === 'pending>held') {
        const shift = y2 > y1 ? 8 : -8;
        const isDown = y2 > y1;
        return {d: `M${x1 + shift} ${y1 + (isDown ? t : -t)}V${y2 + (isDown ? -t - 7 : t + 7)}`, at: [x1 + shift, (y1 + y2) / 2], tip: [x2 + shift, y2 + (isDown ? -t - 1 : t + 1), isDown ? 'down' : 'up']};
    }
    if (to === 'held') return curve(x1 - w + 8, y1 + t, x2 + w, y2, 'left', 0.62);
    if (to === 'pending') {
        const low = 366;
        return {d: `M${x1} ${y1 + t}V${low - 8}q0 8 -8 8H${12}q-8 0 -8 -8V${y2 + 8}q0 -8 8 -8H${Math.max(12, x2 - w - 7)}`, at: [width * 0.3, low], tip: [x2 - w - 1, y2, 'right']};
    }
    // From the middle down to the ends: around the state below, on its right.
    if (from === 'in_progress') {
        const lane = x1 + w + 14;
        const shift = to === 'completed' ? 0 : to === 'failed' ? 7 : 14;
        const turn = 246 + (to === 'completed' ? 14 : to === 'failed' ? 7 : 0);
        const out = lane + shift;
        return {d: `M${x1 + w} ${y1 - 8 + shift}H${out - 5}q5 0 5 5V${turn - 5}q0 5 ${x2 < out ? -5 : 5} 5H${x2 < out ? x2 + 5 : x2 - 5}q${x2 < out ? -5 : 5} 0 ${x2 < out ? -5 : 5} 5V${y2 - t - 7}`,
            at: [x2, y2 - t - 20], tip: [x2, y2 - t - 1, 'down']};
    }
    return {d: `M${x1} ${y1 + t}C${x1} ${(y1 + y2) / 2} ${x2 - 12} ${(y1 + y2) / 2} ${x2 - 12} ${y2 - t - 7}`, at: [(x1 + x2) / 2, (y1 + y2) / 2], tip: [x2 - 12, y2 - t - 1, 'down']};
}

function straight(x1, y1, x2, y2, [dx, dy]) {
    return {d: `M${x1} ${y1}H${x2 - 7}`, at: [(x1 + x2) / 2 + dx, y1 + dy], tip: [x2 - 1, y2, 'right']};
}

function curve(x1, y1, x2, y2, direction, share) {
    const sign = direction === 'right' ? 1 : -1;
    const middle = (x1 + x2) / 2;
    return {d: `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2 - 7 * sign} ${y2}`, at: [x1 + (x2 - x1) * share, y1 + (y2 - y1) * (share > 0.7 ? 0.9 : 0.72)], tip: [x2 - sign, y2, direction]};
}

function edge({d, tip}, taken, to, isHealed) {
    const tone = taken ? to === 'completed' && isHealed ? 'gold' : TONES[to] : 'still';
    return svg('g', {class: `tone-${tone} diagram-edge${taken ? ' is-taken' : ''}`}, svg('path', {d}), arrow(...tip));
}

function arrow(x, y, direction) {
    const turn = {right: 0, down: 90, left: 180, up: 270}[direction];
    return svg('path', {class: 'diagram-tip', d: 'M0 0l-7 -3.5v7Z', transform: `translate(${x} ${y}) rotate(${turn})`});
}

function label({at: [x, y]}, {count, at}, begun, key) {
    const text = count > 1 ? `${count} ×` : `+${span(at - begun)}`;
    const width = text.length * 6.4 + 10;
    return svg('g', {class: 'diagram-label'}, svg('title', {}, `${key.replace('>', ' → ').replaceAll('_', ' ')}: ${counted(count, 'time')}, last ${span(at - begun)} after the task was made`),
        svg('rect', {x: x - width / 2, y: y - 9, width, height: 18, rx: 9}), svg('text', {x, y: y + 4, 'text-anchor': 'middle'}, text));
}

function node(name, [x, y], {box}, path, isHealed) {
    const been = path.nodes.get(name);
    const isHere = path.current === name;
    const tone = name === 'completed' && isHealed ? 'gold' : TONES[name];
    const [w, t] = box;
    const detail = been && been.spent_ms >= 1 ? span(been.spent_ms) : isHere ? 'now' : been ? '' : null;
    return svg('g', {class: `diagram-node tone-${tone}${been ? ' is-visited' : ''}${isHere ? ' is-here' : ''}`},
        svg('rect', {x: x - w / 2, y: y - t / 2, width: w, height: t, rx: 9}),
        svg('text', {class: 'diagram-name', x, y: y + (detail ? -2 : 4), 'text-anchor': 'middle'}, name === 'completed' && isHealed ? 'healed' : WORDS[name]),
        detail ? svg('text', {class: 'diagram-detail', x, y: y + 14, 'text-anchor': 'middle'}, detail) : null);
}
