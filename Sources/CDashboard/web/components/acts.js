// What a person can do to a task or a dead letter, the same from every screen.

import {h} from '../core/dom.js';
import {api} from '../core/api.js';
import {store} from '../core/store.js';
import {toast, toastError} from './toast.js';
import {sheet, field} from './dialog.js';

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
            run: () => api.post(`/tasks/${task.id}/cancel`, reason.value ? {reason: reason.value} : {})}],
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
    if (error.status === 409 || error.status === 412) {
        try { store.put([await api.get(`/tasks/${task.id}`)]); } catch { /* the message below says enough */ }
        toastError(error, `${what} It has changed in the meantime:`);
    } else {
        toastError(error, what);
    }
}

/** Closes dead letters: `act` is `resolve` or `discard`. */
export async function close(entries, act) {
    const note = h('input', {class: 'input', maxlength: 2000, placeholder: 'What was done, or why nothing need be'});
    const many = entries.length > 1 ? `${entries.length} dead letters` : 'this dead letter';
    return await sheet({
        title: `${act === 'resolve' ? 'Resolve' : 'Discard'} ${many}?`,
        body: [h('p', {}, act === 'resolve'
            ? 'Resolved means: it was mended elsewhere. Nothing runs; the note stands on the timeline.'
            : 'Discarded means: it shall not be done any more. Nothing runs; the note stands on the timeline.'), field('Note', note)],
        acts: [{label: act === 'resolve' ? 'Resolve' : 'Discard', tone: act === 'resolve' ? 'primary' : 'danger', isDefault: true,
            run: () => eachOf(entries, (entry) => api.post(`/failed-tasks/${entry.id}/${act}`, note.value ? {note: note.value} : {}))}],
    });
}

/**
 * Does the same to each, four at a time, and counts; `step(done, skipped)` hears of the progress. Refusals are counted
 * by their reason, and do not stop the rest.
 */
export async function eachOf(items, act, {step = () => {}, signal = null} = {}) {
    const outcome = {done: 0, skipped: new Map(), isStopped: false};
    const queue = items[Symbol.asyncIterator] ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
    const skip = (reason) => outcome.skipped.set(reason, (outcome.skipped.get(reason) ?? 0) + 1);
    const work = async () => {
        while (!signal?.aborted) {
            const next = await queue.next();
            if (next.done) return;
            try {
                await act(next.value);
                outcome.done += 1;
            } catch (error) {
                if (error.status === 401 || error.isOffline) throw error;
                skip(error.problem?.title ?? error.message);
            }
            step(outcome);
        }
    };
    await Promise.all([work(), work(), work(), work()]);
    outcome.isStopped = signal?.aborted ?? false;
    return outcome;
}
