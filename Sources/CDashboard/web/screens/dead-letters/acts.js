// What can be done to dead letters: to one, to those that are selected, or to all that match a filter.

import {api, pages} from '../../core/api.js';
import {h, replace, setText} from '../../core/dom.js';
import {counted, count, money, words} from '../../core/format.js';
import {offers} from '../../core/offers.js';
import {resources, store} from '../../core/store.js';
import {eachOf} from '../../components/acts.js';
import {field, sheet} from '../../components/dialog.js';
import {toast, toastError} from '../../components/toast.js';
import {addUp} from './groups.js';

/** The page itself acts on at most so many in one go. */
const MOST = 5_000;

export const ACTS = {
    retry: {verb: 'Retry', done: 'retried', doing: 'Retrying', icon: 'retry', tone: 'primary', path: 'retry',
        text: 'Each begins a new round with a fresh allowance of attempts.'},
    elsewhere: {verb: 'Retry elsewhere', done: 'retried elsewhere', doing: 'Retrying elsewhere', icon: 'agents', tone: 'primary', path: 'retry',
        text: 'Each begins a new round on the agent that you choose.'},
    resolve: {verb: 'Resolve', done: 'resolved', doing: 'Resolving', icon: 'check', tone: 'primary', path: 'resolve',
        text: 'Resolved means: it was mended elsewhere. Nothing runs; the note stands on the timeline.'},
    discard: {verb: 'Discard', done: 'discarded', doing: 'Discarding', icon: 'cancel', tone: 'danger', path: 'discard',
        text: 'Discarded means: it shall not be done any more. Nothing runs; the note stands on the timeline.'},
};

/** Acts on one entry; gives back the entry as it is after it, or null. */
export async function actOnOne(name, entry) {
    const act = ACTS[name];
    if (name === 'retry') {
        try { return finished(act, await post(act, entry, {})); } catch (error) { return await refused(error, entry); }
    }
    const form = formOf(name, entry);
    const answer = await sheet({
        title: `${act.verb}: ${entry.task_type}`, body: h('div', {class: 'form'}, h('p', {}, act.text.replace('Each', 'It')), form.element),
        acts: [{label: act.verb, tone: act.tone, isDefault: true, run: () => form.isReady() && post(act, entry, form.body())}],
    });
    return answer ? finished(act, answer) : null;
}

async function post(act, entry, body) { return await api.post(`/failed-tasks/${entry.id}/${act.path}`, body); }

function finished(act, answer) {
    const entry = answer.failed_task ?? answer;
    if (answer.task && answer.failed_task) store.put([answer.task]);
    toast(act.path === 'retry' ? `Round ${answer.task.round} of ${entry.task_type} begins.` : `${entry.task_type} is ${act.done}.`);
    resources.summary.soon();
    return entry;
}

async function refused(error, entry) {
    toastError(error, 'The retry was refused.');
    return error.status === 409 ? await api.get(`/failed-tasks/${entry.id}`).catch(() => null) : null;
}

/** The fields of an act: an agent for a retry elsewhere, a note for a closing. */
function formOf(name, entry = null) {
    if (name === 'retry') return {element: null, isReady: () => true, body: () => ({})};
    if (name === 'elsewhere') {
        const agents = (resources.agents.value?.data ?? []).filter((agent) => !agent.draining && agent.id !== entry?.agent_id);
        const fitting = (agent) => entry && agent.capabilities.includes(entry.task_type);
        const option = (agent) => h('option', {value: agent.id}, `${agent.id}${agent.paused ? ' (paused)' : ''}${entry && !fitting(agent) ? ' (has not this capability)' : ''}`);
        const picker = h('select', {class: 'input', required: true}, h('option', {value: ''}, agents.length ? 'Choose an agent' : 'There is no other agent'),
            [...agents].sort((a, b) => fitting(b) - fitting(a)).map(option));
        return {element: field('Agent', picker, 'It gets the same input as before.'), isReady: () => picker.reportValidity(), body: () => ({agent_id: picker.value})};
    }
    const note = h('input', {class: 'input', maxlength: 2000, placeholder: 'What was done, or why nothing need be'});
    return {element: field('Note', note, 'Optional; it stays with the entry.'), isReady: () => true, body: () => note.value ? {note: note.value} : {}};
}

/** `entries`: those that were selected, or null for all pending ones that match `filter`; `text` says which these are. */
export async function actOnMany(name, {entries = null, filter = null, text}) {
    const act = ACTS[name];
    const form = formOf(name);
    const leaving = new AbortController();
    const preview = h('div', {class: 'preview', role: 'status'});
    const byServer = !entries && name !== 'elsewhere' && await offers('post', '/failed-tasks/bulk');
    const finding = entries ? Promise.resolve(entries) : byServer ? dryRun(act, filter, preview) : gather(filter, preview, leaving.signal);
    finding.then((found) => showPreview(preview, found, text), (error) => { if (error.name !== 'AbortError') setText(preview, error.message); });
    const chosen = await sheet({
        title: `${act.verb} ${entries ? counted(entries.length, 'dead letter') : 'all that match'}?`,
        body: h('div', {class: 'form'}, h('p', {}, act.text), preview, form.element,
            byServer ? null : h('p', {class: 'faint'}, 'This page does it, four at a time: keep it open until it is through.')),
        acts: [{label: act.verb, tone: act.tone, isDefault: true, run: async () => form.isReady() && {found: await finding, body: form.body()}}],
    });
    leaving.abort();
    if (!chosen) return false;
    if (byServer) await runThere(act, filter, chosen);
    else await runHere(act, chosen);
    resources.summary.soon();
    return true;
}

function showPreview(element, found, text) {
    const total = found.matched ?? found.length;
    const value = found.value ?? (found.matched === undefined ? addUp(found.map((entry) => entry.payment)) : []);
    replace(element, h('dl', {class: 'facts'}, h('dt', {}, 'Which'), h('dd', {}, text),
        h('dt', {}, 'How many'), h('dd', {}, h('strong', {}, counted(total, 'dead letter')), found.hasMore ? `, the newest ${count(MOST)} of them; repeat it for the rest` : ''),
        h('dt', {}, 'Money'), h('dd', {}, value.length ? value.map((sum) => h('span', {class: 'money sum'}, money(sum))) : 'none')));
}

/** All that match, page by page; only what is needed of each is kept. */
async function gather(filter, element, signal) {
    const found = [];
    let cursor = null;
    do {
        const page = await api.get('/failed-tasks', {...filter, status: 'pending', limit: 200, cursor}, {signal});
        for (const {id, task_type, payment} of page.data) found.push({id, task_type, payment});
        cursor = page.next_cursor;
        setText(element, `Counting: ${count(found.length)} so far …`);
    } while (cursor && found.length < MOST);
    found.hasMore = cursor !== null;
    return found;
}

/** Progress that is seen: `{status, step(done, total), end(text, reasons)}` in a sheet; closing it stops the work. */
function progressSheet(title, onStop) {
    const fill = h('div', {class: 'progress-fill'});
    const bar = h('div', {class: 'progress', role: 'progressbar', 'aria-label': title, 'aria-valuemin': 0, 'aria-valuemax': 100}, fill);
    const status = h('p', {}, 'Beginning …');
    const stop = h('button', {class: 'button', type: 'button', autofocus: true, on: {click: () => onStop()}}, 'Stop');
    const reasons = h('ul', {class: 'plain'});
    const hint = h('p', {class: 'faint'}, 'Stopping leaves what is done as it is.');
    const closed = sheet({title, body: h('div', {class: 'form', 'aria-live': 'polite'}, h('div', {class: 'progress-line'}, status, stop), bar, hint, reasons)});
    return {
        closed,
        step(done, total) {
            setText(status, `${count(done)} of ${count(total)}`);
            bar.setAttribute('aria-valuenow', Math.round(done / Math.max(1, total) * 100));
            fill.style.setProperty('--share', done / Math.max(1, total));
        },
        end(text, skipped, isWhole = true) {
            stop.remove();
            if (isWhole) this.step(1, 1);
            setText(status, text);
            setText(hint, skipped.length ? 'Skipped, and why:' : 'None was skipped.');
            replace(reasons, skipped.map(([reason, number]) => h('li', {}, h('strong', {}, count(number)), ` ${words(reason)}`)));
        },
    };
}

async function runHere(act, {found, body}) {
    const stop = new AbortController();
    const progress = progressSheet(`${act.doing} ${counted(found.length, 'dead letter')}`, () => stop.abort());
    progress.closed.then(() => stop.abort());
    let last = {done: 0, skipped: new Map()};
    let why = '';
    try {
        last = await eachOf(found, (entry) => post(act, entry, body), {signal: stop.signal, step: (so) => {
            last = so;
            progress.step(so.done + [...so.skipped.values()].reduce((sum, one) => sum + one, 0), found.length);
        }});
        if (last.isStopped) why = ' Stopped.';
    } catch (error) { why = ` ${error.message}`; }
    const text = `${counted(last.done, 'dead letter')} ${act.done}.${why}`;
    progress.end(text, [...last.skipped], !why);
    await progress.closed;
}

// The server's own bulk operations, which go on without this page

async function dryRun(act, filter, element) {
    setText(element, 'Counting …');
    return await api.post('/failed-tasks/bulk', {action: act.path, ...which(filter), dry_run: true});
}

/** An empty filter must be meant: it says so. */
function which(filter) {
    const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value));
    return Object.keys(given).length ? {filter: given} : {filter: {}, all: true};
}

async function runThere(act, filter, {found, body}) {
    let operation = await api.post('/failed-tasks/bulk', {action: act.path, ...which(filter), ...body});
    const progress = progressSheet(`${act.doing} ${counted(found.matched, 'dead letter')}`, () => api.post(`/bulk-operations/${operation.id}/cancel`).catch((error) => toastError(error, 'It could not be stopped.')));
    let isClosed = false;
    progress.closed.then(() => { isClosed = true; });
    while (!isClosed && (operation.status === 'running' || operation.status === 'paused')) {
        progress.step(operation.done, operation.matched);
        await new Promise((resolve) => setTimeout(resolve, 500));
        operation = await api.get(`/bulk-operations/${operation.id}`).catch(() => operation);
    }
    if (isClosed) return;
    progress.end(`${counted(operation.done, 'dead letter')} ${act.done}.`, (operation.skipped ?? []).map((one) => [one.reason, one.count]));
    await progress.closed;
}

/** Up to 1,000 pending entries of a filter, to be grouped here. */
export async function forGroups(filter, signal) { return await pages('/failed-tasks', {...filter, status: 'pending'}, 1_000, signal); }
