// What is broken, why, what does it cost, how do I mend it: on one page.

import {define, h, nextFrame, Part, replace, setAttribute, setText} from '../core/dom.js';
import {compact, count, counted, money, percent, span, compareAmounts} from '../core/format.js';
import {icon} from '../core/icons.js';
import {href, onPlace, place, setParams} from '../core/router.js';
import {api} from '../core/api.js';
import {bySeverity} from '../core/rules.js';
import {Resource, resources} from '../core/store.js';
import {onZone, timeOf, wall} from '../core/time.js';
import {columns, spark} from '../components/chart.js';
import {empty, failure, loading} from '../components/empty.js';
import {healthSentence} from './overview/sentence.js';
import './overview/active-tasks.js';
import './overview/checklist.js';

const RANGES = {
    '1h': {label: '1 hour', window: 3_600_000, bucket: 60_000},
    '24h': {label: '24 hours', window: 86_400_000, bucket: 1_800_000},
    '7d': {label: '7 days', window: 604_800_000, bucket: 10_800_000},
};
const SERIES = [
    {key: 'completed', label: 'completed', tone: 'glaze'}, {key: 'failed', label: 'failed', tone: 'crack'},
    {key: 'cancelled', label: 'cancelled', tone: 'still'},
];
const MARKS = {
    circuit_breaker_opened: {label: 'breaker opened', tone: 'crack'}, breaker_forced_open: {label: 'breaker forced open', tone: 'crack'},
    circuit_breaker_closed: {label: 'breaker closed', tone: 'glaze'}, breaker_forced_closed: {label: 'breaker forced closed', tone: 'glaze'},
};

class Overview extends Part {
    mount() {
        this.sentence = h('p', {class: 'health-text'}, 'Looking…');
        this.state = h('div', {class: 'health'}, this.sentence);
        this.tiles = h('div', {class: 'tiles'});
        this.chart = h('div', {class: 'card-body'}, loading(4));
        this.needs = h('div', {}, loading(4));
        this.active = h('k-active-tasks');
        this.ranges = h('div', {class: 'segments push', role: 'group', 'aria-label': 'Range of the chart'});
        replace(this, h('div', {class: 'screen overview'},
            h('div', {class: 'screen-head'}, h('h1', {}, 'Overview')),
            this.state, this.checklist = h('k-checklist'), this.tiles,
            h('div', {class: 'overview-grid'},
                this.active,
                h('section', {class: 'card', 'aria-labelledby': 'needs-title'}, h('div', {class: 'card-head'}, h('h2', {id: 'needs-title'}, 'Needs you')), this.needs)),
            h('section', {class: 'card', 'aria-labelledby': 'chart-title'},
                h('div', {class: 'card-head'}, h('h2', {id: 'chart-title'}, 'Ended tasks'), this.legend = h('div', {class: 'legend'}), this.ranges), this.chart)));
        replace(this.legend, SERIES.map((one) => h('span', {class: `tone-${one.tone}`}, h('span', {class: 'swatch'}), one.label)),
            h('span', {class: 'tone-crack'}, '▾ breaker opened'));
        this.stats = new Resource(() => api.get('/stats', this.asked()), {every: 10_000, on: ['task_completed', 'task_failed'], least: 4_000});
        this.recent = new Resource(() => api.get('/stats', {window: 1_800_000, bucket: 60_000}), {every: 15_000});
        this.atEnd(this.stats.subscribe((one) => this.showChart(one)));
        this.atEnd(this.recent.subscribe(() => this.showTiles()));
        this.atEnd(resources.health.subscribe(() => { this.showHealth(); this.showTiles(); }));
        this.atEnd(resources.letters.subscribe(() => this.showNeeds()));
        this.atEnd(resources.breakers.subscribe(() => this.showNeeds()));
        this.atEnd(resources.alerts.subscribe(() => this.showNeeds()));
        this.atEnd(resources.questions.subscribe(() => this.showNeeds()));
        this.atEnd(onZone(() => this.showChart(this.stats)));
        this.atEnd(onPlace(() => { this.showRanges(); this.stats.refresh(); }));
        const watch = new ResizeObserver(() => nextFrame(this.chart, () => { if (this.isConnected && this.chart.clientWidth !== this.drawnWidth) this.showChart(this.stats); }));
        watch.observe(this.chart);
        this.atEnd(() => watch.disconnect());
        this.showRanges();
    }

    get range() { return RANGES[place().params.get('range')] ? place().params.get('range') : '1h'; }

    /** The range of the chart: a named one, or one that was dragged. */
    asked() {
        const {params} = place();
        const [from, to] = [Number(params.get('from')), Number(params.get('to'))];
        if (from && to > from) {
            const window = Math.max(60_000, Math.ceil((to - from) / 60_000) * 60_000);
            const bucket = Math.max(60_000, Math.ceil(window / 60 / 60_000) * 60_000);
            return {window: Math.ceil(window / bucket) * bucket, bucket, to: new Date(to).toISOString()};
        }
        return {window: RANGES[this.range].window, bucket: RANGES[this.range].bucket};
    }

    showRanges() {
        const {params} = place();
        const isDragged = params.has('from');
        replace(this.ranges, Object.entries(RANGES).map(([key, {label}]) => h('button', {
            class: 'segment', type: 'button', 'aria-pressed': String(!isDragged && key === this.range),
            on: {click: () => setParams({range: key === '1h' ? null : key, from: null, to: null})},
        }, label)), isDragged ? h('button', {class: 'segment', type: 'button', 'aria-pressed': 'true', on: {click: () => setParams({from: null, to: null})}},
            `${wall(Number(params.get('from')), {seconds: false})} – ${wall(Number(params.get('to')), {seconds: false})}`, ' ✕') : null);
    }

    showHealth() {
        const {value: health, error} = resources.health;
        if (!health) { if (error) replace(this.state, failure(error, () => resources.health.refresh())); return; }
        const {text, tone, name} = healthSentence(health, resources.breakers.value?.data ?? []);
        setAttribute(this.state, 'class', `health tone-${tone}`);
        replace(this.state, icon(name), this.sentence);
        setText(this.sentence, text);
        this.checklist.update(health);
    }

    showTiles() {
        const health = resources.health.value;
        if (!health) return;
        const series = this.recent.value?.data ?? [];
        // The minute that is still being counted would look like a fall.
        const whole = series.slice(0, -1);
        const values = (key) => whole.map((row) => row[key] ?? null);
        const minute = Math.max(whole.at(-1)?.completed ?? 0, series.at(-1)?.completed ?? 0);
        const waiting = health.counts.pending + health.counts.waiting;
        const tiles = [
            {name: 'Active', figure: compact(health.counts.in_progress), detail: 'running now', to: 'status:in_progress', values: values('active'), tone: 'accent', label: 'unfinished tasks'},
            {name: 'Waiting', figure: compact(waiting), detail: health.counts.waiting ? `${count(health.counts.waiting)} for a person`
                : health.oldest_pending_age_ms ? `oldest ${span(health.oldest_pending_age_ms)}` : 'for a time or a turn', to: 'status:pending,waiting', values: values('retried'), tone: 'accent', label: 'retries scheduled'},
            {name: 'Completed a minute', figure: compact(minute), detail: `${compact(health.counts.completed)} in all`, to: 'status:completed', values: values('completed'), tone: 'glaze', label: 'completed a minute'},
            {name: 'Failure rate', figure: percent(health.failure_rate), detail: `over ${span(health.window_ms)}`, to: 'status:failed', values: values('failure_rate'), tone: 'crack', label: 'failure rate'},
            {name: 'p95', figure: span(health.p95_execution_ms), detail: `median ${span(health.p50_execution_ms)}`, to: 'status:completed', values: values('p95_execution_ms').map((one) => one ?? 0), tone: 'person', label: '95th percentile of run times'},
        ];
        this.tileNodes ??= tiles.map((tile) => {
            const parts = {name: h('span', {class: 'tile-name'}, tile.name), figure: h('span', {class: 'tile-figure'}), detail: h('span', {class: 'tile-detail'}), line: h('span', {class: 'tile-line'})};
            const element = h('a', {class: `tile card tone-${tile.tone}`, href: href('/tasks', {q: tile.to})}, parts.name, parts.figure, parts.line, parts.detail);
            this.tiles.append(element);
            return parts;
        });
        tiles.forEach((tile, index) => {
            const parts = this.tileNodes[index];
            setText(parts.figure, tile.figure);
            setText(parts.detail, tile.detail);
            const signature = tile.values.join();
            if (signature !== parts.signature && tile.values.length > 1) {
                parts.signature = signature;
                replace(parts.line, spark(tile.values, `${tile.label}, last 30 minutes`));
            }
        });
    }

    showChart({value, error}) {
        if (!value) { if (error) replace(this.chart, failure(error, () => this.stats.refresh())); return; }
        // Not while somebody drags a range or reads the table.
        if (this.chart.querySelector('details[open]')) return;
        const marks = (value.marks ?? []).filter((mark) => MARKS[mark.type]).map((mark) => ({at: mark.at, tone: MARKS[mark.type].tone, label: `${mark.provider}: ${MARKS[mark.type].label}`}))
            .filter((mark) => mark.tone === 'crack').slice(0, 60);
        const none = value.data.every((row) => !row.completed && !row.failed && !row.cancelled);
        if (none) return replace(this.chart, empty('overview', 'Nothing ended in this time', 'Choose a longer range, or wait for tasks to end.'));
        this.drawnWidth = this.chart.clientWidth;
        replace(this.chart, columns({
            width: Math.max(280, this.drawnWidth - 32), data: value.data, series: SERIES, marks, bucket: value.bucket_ms, label: 'Ended tasks over time',
            onSelect: (from, to) => setParams({from: Math.round(from), to: Math.round(to), range: null}),
        }));
    }

    showNeeds() {
        const {letters: {value: letters, error}, alerts: {value: alerts}, questions: {value: questions}} = resources;
        if (!letters) { if (error) replace(this.needs, failure(error, () => resources.letters.refresh())); return; }
        const waiting = (questions?.data ?? []).slice(0, 5);
        const asked = new Set(waiting.map((task) => task.id));
        // What an alert speaks of is said once: by the alert, or by the question that it was raised for.
        const firing = bySeverity(alerts?.data ?? []).filter((alert) => !(alert.count === 1 && asked.has(alert.task_ids[0]))).slice(0, 6);
        const told = new Set(firing.filter((alert) => alert.kind === 'breaker').map((alert) => alert.provider));
        const open = (resources.breakers.value?.data ?? []).filter((breaker) => breaker.state !== 'closed' && !told.has(breaker.provider));
        const entries = [...letters.data].filter((entry) => !entry.alert).sort((a, b) => worth(b) - worth(a) || Date.parse(a.failed_at) - Date.parse(b.failed_at)).slice(0, Math.max(0, 6 - firing.length));
        const signature = JSON.stringify([waiting.map((one) => one.id), firing.map((one) => [one.id, one.severity, one.title, one.value]), open.map((one) => [one.provider, one.state]), entries.map((one) => one.id)]);
        if (signature === this.needsSignature) return;
        this.needsSignature = signature;
        if (!waiting.length && !firing.length && !open.length && !entries.length) {
            return replace(this.needs, empty('check', 'Nothing needs you', 'Failed tasks that no retry could mend, open breakers and questions to a person would stand here.'));
        }
        const pending = resources.health.value?.dead_letters.pending ?? letters.data.length;
        replace(this.needs, h('ul', {class: 'needs'},
            waiting.map((task) => need('waiting', 'person', href(`/tasks/${task.id}`, {tab: 'recovery'}), task.type, 'waits for a decision', task.created_at, task.payment)),
            firing.map((alert) => need(alert.severity === 'medium' ? 'warning' : 'alerts', alert.severity === 'medium' ? 'copper' : 'crack', href('/alerts', {alert: alert.id}), alert.title, alert.severity, alert.last_raised_at, alert.value)),
            open.map((breaker) => need('open', 'crack', href('/breakers', {provider: breaker.provider}), breaker.provider, `breaker ${breaker.state.replace('_', '-')}`, breaker.opened_at)),
            entries.map((entry) => need('dead_letters', 'copper', `/dead-letters/${entry.id}`, entry.task_type, entry.error?.message ?? entry.reason.replaceAll('_', ' '), entry.failed_at, entry.payment))),
        h('p', {class: 'card-foot'}, h('a', {href: '/dead-letters'}, counted(pending, 'dead letter')),
            resources.health.value?.dead_letters.value.length ? [' · ', resources.health.value.dead_letters.value.map(money).join(' + '), ' at stake'] : null));
    }
}

/** Money first: what is at stake, as far as a number can say it across currencies. */
function worth(entry) { return entry.payment ? Number(entry.payment.amount) || 0 : -1; }

function need(name, tone, to, title, text, at, payments = null) {
    return h('li', {}, h('a', {class: `need tone-${tone}`, href: to}, icon(name),
        h('span', {class: 'need-text'}, h('strong', {}, title), h('span', {class: 'muted cut'}, text)),
        h('span', {class: 'need-end'}, [payments ?? []].flat().map((payment) => h('span', {class: `money${compareAmounts(payment.amount, '100') >= 0 ? ' is-large' : ''}`}, money(payment))), timeOf(at))));
}

define('k-overview', Overview);
