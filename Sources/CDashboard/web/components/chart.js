// Hand-made charts: a sparkline for a tile, and columns over time with marks and a range to select.

import {h, replace, svg} from '../core/dom.js';
import {compact} from '../core/format.js';
import {wall} from '../core/time.js';

/** The line of a sparkline in a box of this size; pure. Missing values leave a gap. */
export function linePath(values, width, height, greatest = Math.max(1e-9, ...values.filter((value) => value !== null))) {
    const step = values.length > 1 ? width / (values.length - 1) : width;
    let path = '';
    let isDown = false;
    values.forEach((value, index) => {
        if (value === null || value === undefined) { isDown = false; return; }
        const y = height - (value / greatest) * (height - 2) - 1;
        path += `${isDown ? 'L' : 'M'}${(index * step).toFixed(1)} ${y.toFixed(1)}`;
        isDown = true;
    });
    return path;
}

/** A sparkline of these values. */
export function spark(values, label) {
    const [width, height] = [120, 28];
    const line = linePath(values, width, height);
    return svg('svg', {class: 'spark', viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label},
        line && values.every((value) => value !== null) ? svg('path', {class: 'spark-area', d: `${line}L${width} ${height}L0 ${height}Z`}) : null,
        svg('path', {class: 'spark-line', d: line}));
}

/** Round numbers for an axis up to `greatest`; pure. */
export function ticks(greatest, most = 4) {
    if (greatest <= 0) return [0, 1];
    const raw = greatest / most;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= raw) ?? raw;
    const whole = Math.max(1, step);
    return Array.from({length: Math.ceil(greatest / whole) + 1}, (_, index) => index * whole);
}

/**
 * Stacked columns over time. `series`: `[{key, label, tone}]`; `data`: rows with `at` and the keys; `marks`:
 * `[{at, label, tone}]`; `width`: of the place for it, so that words keep their size. `onSelect(from, to)` hears of a
 * range dragged by mouse.
 */
export function columns({data, series, marks = [], bucket, label, onSelect, width = 720, height = 180}) {
    const inset = {left: 40, right: 8, top: 18, bottom: 22};
    const [inner, tall] = [width - inset.left - inset.right, height - inset.top - inset.bottom];
    const sums = data.map((row) => series.reduce((sum, one) => sum + (row[one.key] ?? 0), 0));
    const axis = ticks(Math.max(0, ...sums));
    const top = axis.at(-1);
    const from = Date.parse(data[0]?.at);
    const until = Date.parse(data.at(-1)?.at) + bucket;
    const x = (at) => inset.left + ((at - from) / Math.max(1, until - from)) * inner;
    const y = (value) => inset.top + tall - (value / top) * tall;
    const column = inner / Math.max(1, data.length);

    const grid = axis.map((value) => svg('g', {},
        svg('line', {class: 'chart-grid', x1: inset.left, x2: width - inset.right, y1: y(value), y2: y(value)}),
        svg('text', {x: inset.left - 6, y: y(value) + 4, 'text-anchor': 'end'}, compact(value))));
    const bars = data.flatMap((row, index) => {
        let below = 0;
        return series.map((one) => {
            const value = row[one.key] ?? 0;
            if (value === 0) return null;
            const [high, low] = [y(below + value), y(below)];
            below += value;
            return svg('rect', {
                class: `chart-bar tone-${one.tone}`, x: inset.left + index * column + column * 0.08, y: high,
                width: Math.max(1, column * 0.84), height: Math.max(1, low - high),
            });
        }).filter(Boolean);
    });
    const spacing = until - from > 2 * 86_400_000 ? 86_400_000 : null;
    const labels = axisTimes(from, until).map((at) => svg('text', {x: x(at), y: height - 6, 'text-anchor': 'middle'},
        spacing ? wall(at, {seconds: false, date: 'always'}).slice(5, 10) : wall(at, {seconds: false, date: 'never'})));
    const flags = marks.filter((mark) => Date.parse(mark.at) >= from && Date.parse(mark.at) < until)
        .map((mark) => svg('g', {class: `chart-mark tone-${mark.tone}`},
            svg('title', {}, `${mark.label}, ${wall(Date.parse(mark.at))}`),
            svg('line', {x1: x(Date.parse(mark.at)), x2: x(Date.parse(mark.at)), y1: inset.top - 4, y2: inset.top + tall}),
            svg('path', {d: `M${x(Date.parse(mark.at)) - 5} ${inset.top - 12}h10l-5 8Z`})));
    const brush = svg('rect', {class: 'chart-brush', y: inset.top, height: tall, width: 0, x: 0, visibility: 'hidden'});
    const image = svg('svg', {viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label}, grid, bars, labels, flags, brush);
    const tip = h('div', {class: 'tip', hidden: true});
    const element = h('figure', {class: 'chart'}, image, tip, table(data, series, label));

    let began = null;
    const timeAt = (event) => {
        const box = image.getBoundingClientRect();
        const place = ((event.clientX - box.left) / box.width) * width;
        return from + (Math.min(Math.max(place, inset.left), width - inset.right) - inset.left) / inner * (until - from);
    };
    image.addEventListener('pointermove', (event) => {
        const at = timeAt(event);
        const row = data[Math.min(data.length - 1, Math.floor((at - from) / bucket))];
        if (!row) return;
        tip.hidden = false;
        replace(tip, h('strong', {}, wall(Date.parse(row.at), {seconds: false})), series.map((one) =>
            h('div', {}, `${one.label} ${compact(row[one.key] ?? 0)}`)));
        const box = image.getBoundingClientRect();
        const left = event.clientX - box.left;
        tip.style.top = '1.5rem';
        tip.style.left = left > box.width / 2 ? '' : `${left + 14}px`;
        tip.style.right = left > box.width / 2 ? `${box.width - left + 14}px` : '';
        if (began !== null) {
            const [low, high] = [Math.min(began, at), Math.max(began, at)];
            brush.setAttribute('visibility', 'visible');
            brush.setAttribute('x', x(low));
            brush.setAttribute('width', Math.max(0, x(high) - x(low)));
        }
    });
    image.addEventListener('pointerleave', () => { tip.hidden = true; });
    if (onSelect) {
        image.classList.add('is-selectable');
        image.addEventListener('pointerdown', (event) => { began = timeAt(event); image.setPointerCapture(event.pointerId); });
        image.addEventListener('pointerup', (event) => {
            const at = timeAt(event);
            const [low, high] = [Math.min(began ?? at, at), Math.max(began ?? at, at)];
            began = null;
            brush.setAttribute('visibility', 'hidden');
            if (high - low >= bucket / 2) onSelect(low, Math.max(high, low + bucket));
        });
    }
    return element;
}

/** Times for an axis: at most seven, on round minutes, hours or days; pure. */
export function axisTimes(from, until) {
    const steps = [60_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000, 172_800_000, 604_800_000];
    const step = steps.find((one) => (until - from) / one <= 8) ?? steps.at(-1);
    const zone = step >= 3_600_000 ? new Date(from).getTimezoneOffset() * 60_000 : 0;
    const first = Math.ceil((from - zone) / step) * step + zone;
    const times = [];
    for (let at = first; at < until && times.length < 10; at += step) times.push(at);
    return times;
}

function table(data, series, label) {
    return h('details', {class: 'chart-table'}, h('summary', {class: 'faint'}, 'As a table'),
        h('div', {class: 'scroll-x', tabindex: '0', role: 'region', 'aria-label': `${label}, as a table`},
            h('table', {class: 'table'}, h('caption', {class: 'visually-hidden'}, label),
                h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, 'Time'), series.map((one) => h('th', {scope: 'col', class: 'end'}, one.label)))),
                h('tbody', {}, data.filter((row) => series.some((one) => row[one.key])).slice(-60).map((row) => h('tr', {},
                    h('td', {}, wall(Date.parse(row.at), {seconds: false})), series.map((one) => h('td', {class: 'end'}, compact(row[one.key] ?? 0)))))))));
}
