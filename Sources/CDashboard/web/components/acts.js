// What a person can do to a task or a dead letter, the same from every screen.

import {h} from '../core/dom.js';
import {api, ApiError} from '../core/api.js';
import {store} from '../core/store.js';
import {currentZone, now} from '../core/time.js';
import {toast, toastError} from './toast.js';
import {sheet, field} from './dialog.js';
import {stateOf} from './state.js';

/** Retries a failed or cancelled task through the dead letter queue and the router. */
export async function retry(task, body = {}) {
    try {
        const after = await api.post(`/tasks/${task.id}/retry`, body);
        store.put([after]);
        toast(`Round ${after.round} of ${task.type} begins.`, {tone: 'accent'});
        return after;
    } catch (error) { told(error, task, 'The retry was refused.'); return null; }
}

/** Cancels a task that has not ended, after asking for a reason. */
export async function cancel(task) {
    const reason = h('input', {class: 'input', maxlength: 500, placeholder: 'Why? (optional, stands on the timeline)'});
    const after = await sheet({
        title: `Cancel ${task.type}?`, closeLabel: 'Let it run',
        body: [h('p', {}, task.status === 'in_progress'
            ? 'Its running attempt is broken off at once. What its agent reports later is kept, and changes nothing.'
            : 'It will make no further attempt. It can be retried later.'), field('Reason', reason)],
        acts: [{label: 'Cancel the task', tone: 'danger', isDefault: true,
            run: () => acting(task, () => api.post(`/tasks/${task.id}/cancel`, reason.value ? {reason: reason.value} : {}))}],
    });
    if (!after) return null;
    store.put([after]);
    toast(`${task.type} is cancelled.`, {act: {label: 'Retry it', run: () => retry(after)}});
    return after;
}

/** Cancels at once, with a way back in the message: for the row of a list. */
export async function cancelNow(task) {
    try {
        const after = await api.post(`/tasks/${task.id}/cancel`, {});
        store.put([after]);
        toast(`${task.type} is cancelled.`, {act: {label: 'Undo: retry it', run: () => retry(after)}});
        return after;
    } catch (error) { told(error, task, 'It could not be cancelled.'); return null; }
}

/** A conflict means that somebody else was faster: shows what is true now. */
async function told(error, task, what) {
    if (!isConflict(error)) return toastError(error, what);
    const current = await reload(task);
    if (current) toast(`${what} Somebody was faster: ${truth(current)}`, {tone: 'crack'});
    else toastError(error, what);
}

function isConflict(error) { return error.status === 409 || error.status === 412; }

async function reload(task) {
    try {
        const current = await api.get(`/tasks/${task.id}`);
        store.put([current]);
        return current;
    } catch { return null; }
}

/** What is true of a task, in a sentence. */
function truth(task) { return `it is ${stateOf(task).word} now. ${task.explanation}`; }

/** Runs an act of a sheet; when it is refused because the task has changed, the sheet says what is true now. */
export async function acting(task, act) {
    try {
        return await act();
    } catch (error) {
        const current = isConflict(error) ? await reload(task) : null;
        if (!current) throw error;
        throw new ApiError(error.status, {...error.problem, detail: `It has changed in the meantime: ${truth(current)}`});
    }
}

/** Retries on another agent, which is asked for. */
export async function retryElsewhere(task) {
    const {data} = await api.get('/agents', {limit: 200});
    const others = data.filter((agent) => !agent.draining).sort((a, b) => fitness(b, task) - fitness(a, task) || a.name.localeCompare(b.name));
    const choice = h('select', {class: 'input'}, others.map((agent) => h('option', {value: agent.id},
        `${agent.name} (${agent.id})${agent.id === task.agent_id ? ', as before' : ''}${agent.paused ? ', paused' : ''}`)));
    const reason = reasonInput();
    const after = await sheet({
        title: `Retry ${task.type} on another agent`,
        body: [h('p', {}, 'A new round begins with a fresh allowance of attempts. It stays with the chosen agent from now on.'), field('Agent', choice), field('Reason', reason)],
        acts: [{label: 'Retry there', isDefault: true, run: () => acting(task, () =>
            api.post(`/tasks/${task.id}/retry`, {agent_id: choice.value, ...said(reason)}))}],
    });
    return begun(after);
}

function fitness(agent, task) {
    return (agent.id === task.agent_id ? -4 : 0) + (agent.capabilities.includes(task.type) ? 2 : 0) + (agent.paused ? -1 : 0);
}

/** Retries at a time. */
export async function retryLater(task) {
    const when = h('input', {class: 'input', type: 'datetime-local', step: '1', required: true, autofocus: true});
    const set = (milliseconds) => { when.value = localText(now() + milliseconds); };
    set(600_000);
    const quick = [['In 10 min', 600_000], ['In 1 h', 3_600_000], ['In 1 day', 86_400_000]].map(([label, milliseconds]) =>
        h('button', {class: 'button is-small', type: 'button', on: {click: () => set(milliseconds)}}, label));
    const reason = reasonInput();
    const fault = h('p', {class: 'fault', role: 'alert'});
    const after = await sheet({
        title: `Retry ${task.type} at a time`,
        body: [h('div', {class: 'button-row'}, quick), field(`When (${currentZone() === 'utc' ? 'UTC' : 'your local time'})`, when), fault, field('Reason', reason)],
        acts: [{label: 'Retry then', isDefault: true, run: () => {
            const at = Date.parse(currentZone() === 'utc' ? `${when.value}Z` : when.value);
            fault.textContent = Number.isFinite(at) ? '' : 'Give a date and a time.';
            if (!Number.isFinite(at)) return false;
            return acting(task, () => api.post(`/tasks/${task.id}/retry`, {delay_ms: Math.max(0, Math.round(at - now())), ...said(reason)}));
        }}],
    });
    return begun(after);
}

/** `2026-01-31T09:30:00` as the field wants it, in the zone that times are shown in. */
function localText(at) {
    const ahead = currentZone() === 'utc' ? 0 : new Date(at).getTimezoneOffset() * 60_000;
    return new Date(at - ahead).toISOString().slice(0, 19);
}

function reasonInput() { return h('input', {class: 'input', maxlength: 500, placeholder: 'Why? (optional, stands on the timeline)'}); }

function said(reason) { return reason.value.trim() ? {reason: reason.value.trim()} : {}; }

/** Tells that a round has begun, if it has. */
export function begun(after) {
    if (!after) return null;
    store.put([after]);
    toast(`Round ${after.round} of ${after.type} ${after.status_reason === 'scheduled' ? 'is scheduled' : 'begins'}.`, {tone: 'accent'});
    return after;
}

/** Closes a dead letter: `act` is `resolve` or `discard`. */
export async function close(entry, act) {
    const note = h('input', {class: 'input', maxlength: 2000, placeholder: 'What was done, or why nothing need be'});
    return await sheet({
        title: `${act === 'resolve' ? 'Resolve' : 'Discard'} this dead letter?`,
        body: [h('p', {}, act === 'resolve'
            ? 'Resolved means: it was mended elsewhere. Nothing runs; the note stands on the timeline.'
            : 'Discarded means: it shall not be done any more. Nothing runs; the note stands on the timeline.'), field('Note', note)],
        acts: [{label: act === 'resolve' ? 'Resolve' : 'Discard', tone: act === 'resolve' ? 'primary' : 'danger', isDefault: true,
            run: () => api.post(`/failed-tasks/${entry.id}/${act}`, note.value ? {note: note.value} : {})}],
    });
}
