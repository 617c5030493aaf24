// What one does about an alert: take it on, resolve it, keep it silent for a while.

import {nextHour} from '../../core/alerts.js';
import {api} from '../../core/api.js';
import {h, setText} from '../../core/dom.js';
import {icon} from '../../core/icons.js';
import {session} from '../../core/session.js';
import {resources} from '../../core/store.js';
import {currentZone, now, wall} from '../../core/time.js';
import {sheet} from '../../components/dialog.js';
import {choice, slots, text} from '../../components/faults.js';
import {toast, toastError} from '../../components/toast.js';

/** The buttons for this alert; `changed` hears of what became of it; `first`: the look of the first one. */
export function alertActs(alert, changed, first = '') {
    const button = (label, look, run, kind = '') => h('button', {class: `button is-small ${kind}`, type: 'button', on: {click: run}}, icon(look), label);
    const isOver = alert.status === 'resolved';
    return [
        session.mayAct && alert.status === 'firing' ? button('Acknowledge', 'check', () => acknowledge(alert, changed), first) : null,
        session.mayAct && !isOver ? button('Resolve…', 'completed', () => resolve(alert, changed)) : null,
        session.isAdmin && !isOver ? button('Silence…', 'silence', () => silence(alert).then((made) => { if (made) changed(alert); })) : null,
    ];
}

async function acknowledge(alert, changed) {
    try {
        done(await api.post(`/alerts/${alert.id}/acknowledge`), changed);
        toast('Taken on: channels are not told again until it changes.');
    } catch (error) {
        toastError(error, 'That was refused.');
        if (error.status === 409) api.get(`/alerts/${alert.id}`).then(changed, () => {});
    }
}

async function resolve(alert, changed) {
    const note = text('', {maxlength: 2000, placeholder: 'What was done'});
    const faults = slots();
    const after = await sheet({
        title: 'Resolve this alert?',
        body: h('div', {class: 'form'}, h('p', {}, alert.kind === 'task'
            ? 'Its tasks stay where they are: an alert resolves by itself when they complete or their dead letters are closed. If the same fails again, it fires again.'
            : 'If it goes on, it fires again.'), faults.slot('note', 'Note', note)),
        acts: [{label: 'Resolve', isDefault: true, run: () => faults.guard(() => api.post(`/alerts/${alert.id}/resolve`, note.value.trim() ? {note: note.value.trim()} : {}))}],
    });
    if (!after) return;
    done(after, changed);
    toast('Resolved.');
}

function done(alert, changed) {
    resources.alerts.refresh();
    changed(alert);
}

const SPANS = [['1800000', '30 minutes'], ['3600000', '1 hour'], ['14400000', '4 hours'], ['morning', 'until 8 in the morning'], ['86400000', '1 day'], ['604800000', '1 week'], ['until', 'until …']];
const MATCHES = [['agent_id', 'Agent'], ['provider', 'Provider'], ['task_type', 'Task type'], ['error_type', 'Error'], ['user_id', 'User']];

/** Asks what is kept silent and how long; `alert`: what it begins from, or null. Gives back the silence. */
export async function silence(alert = null) {
    const faults = slots();
    const which = alert ? subjects(alert) : [];
    const subject = choice('0', which.map(([label], index) => [String(index), label]));
    const own = new Map(MATCHES.map(([name]) => [name, text('', {placeholder: 'any'})]));
    const most = choice('', [['', 'every severity'], ['medium', 'medium only'], ['high', 'medium and high']]);
    const long = choice('3600000', SPANS, {on: {change: () => draw()}});
    const until = h('input', {class: 'input', type: 'datetime-local', 'aria-label': 'Until when', on: {input: () => draw()}});
    const says = h('span', {class: 'hint'});
    const comment = text('', {maxlength: 500, placeholder: 'Why, and who is on it'});
    const end = () => {
        const isUTC = currentZone() === 'utc';
        if (long.value === 'morning') return nextHour(8, now(), isUTC);
        return long.value === 'until' ? Date.parse(isUTC ? `${until.value}Z` : until.value) : now() + Number(long.value);
    };
    function draw() {
        until.hidden = long.value !== 'until';
        setText(says, Number.isFinite(end()) ? `Ends ${wall(end(), {seconds: false})}. Then channels are told again.` : 'Give a date and a time.');
    }
    const duration = faults.slot('ends_at', 'How long', long);
    duration.append(until, says);
    draw();
    const anything = h('div', {class: 'form-row is-tight'}, MATCHES.map(([name, label]) => faults.slot(`match/${name}`, label, own.get(name))));
    if (!alert) faults.add('match', own.get('agent_id'), anything);
    const made = await sheet({
        title: alert ? 'Keep it silent for a while' : 'A new silence', isWide: !alert,
        body: h('div', {class: 'form'}, h('p', {class: 'muted'}, 'Alerts are raised and shown all the same; channels are not told of them.'),
            alert ? faults.slot('match', 'What', subject) : anything,
            h('div', {class: 'form-row'}, duration, faults.slot('match/max_severity', 'Severity', most)), faults.slot('comment', 'Comment', comment)),
        acts: [{label: 'Keep silent', isDefault: true, run: () => faults.guard(() => {
            if (!Number.isFinite(end())) { until.focus(); return false; }
            const match = alert ? {...which[Number(subject.value)][1]} : Object.fromEntries([...own].map(([name, input]) => [name, input.value.trim()]).filter(([, value]) => value));
            if (most.value) match.max_severity = most.value;
            return api.post('/alert-silences', {match, ends_at: new Date(end()).toISOString(), ...(comment.value.trim() ? {comment: comment.value.trim()} : {})});
        })}],
    });
    if (!made) return null;
    toast(`Silent until ${wall(Date.parse(made.ends_at), {seconds: false})}.`);
    return made;
}

/** What can be silenced from an alert, the narrowest first: `[label, match]`. */
function subjects(alert) {
    return [
        alert.cause ? ['this cause only', {cause: alert.cause}] : null,
        alert.provider ? [`everything of provider ${alert.provider}`, {provider: alert.provider}] : null,
        alert.agent_id && alert.agent_id !== alert.provider ? [`everything of agent ${alert.agent_id}`, {agent_id: alert.agent_id}] : null,
        alert.error_type ? [`every ${alert.error_type.replaceAll('_', ' ')}`, {error_type: alert.error_type}] : null,
    ].filter(Boolean);
}
