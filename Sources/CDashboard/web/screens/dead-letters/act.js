// What can be done to one dead letter; for many there is `components/bulk.js`.

import {api} from '../../core/api.js';
import {ACTS as ALL} from '../../core/bulk.js';
import {h} from '../../core/dom.js';
import {resources, store} from '../../core/store.js';
import {field, sheet} from '../../components/dialog.js';
import {toast, toastError} from '../../components/toast.js';

const {cancel, ...ACTS} = ALL;
export {ACTS};

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
function formOf(name, entry) {
    if (name === 'elsewhere') {
        const agents = (resources.agents.value?.data ?? []).filter((agent) => !agent.draining && agent.id !== entry.agent_id);
        const fitting = (agent) => agent.capabilities.includes(entry.task_type);
        const option = (agent) => h('option', {value: agent.id}, `${agent.id}${agent.paused ? ' (paused)' : ''}${fitting(agent) ? '' : ' (has not this capability)'}`);
        const picker = h('select', {class: 'input', required: true}, h('option', {value: ''}, agents.length ? 'Choose an agent' : 'There is no other agent'),
            [...agents].sort((a, b) => fitting(b) - fitting(a)).map(option));
        return {element: field('Agent', picker, 'It gets the same input as before.'), isReady: () => picker.reportValidity(), body: () => ({agent_id: picker.value})};
    }
    const note = h('input', {class: 'input', maxlength: 2000, placeholder: 'What was done, or why nothing need be'});
    return {element: field('Note', note, 'Optional; it stays with the entry.'), isReady: () => true, body: () => note.value ? {note: note.value} : {}};
}
