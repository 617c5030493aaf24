// Adding and changing a channel. Secrets go in and never come out: left empty they stay as they are.

import {CHANNELS} from '../../core/alerts.js';
import {api} from '../../core/api.js';
import {h, replace} from '../../core/dom.js';
import {words} from '../../core/format.js';
import {FIELDS} from '../../core/query.js';
import {spanOf, spanText} from '../../core/strategies.js';
import {sheet} from '../../components/dialog.js';
import {choice, number, slots, text, tick} from '../../components/faults.js';
import {showSecret} from '../../components/secret.js';

const SEVERITIES = [['medium', 'medium and above'], ['high', 'high and above'], ['critical', 'critical only']];
const KINDS = [['', 'any'], ['task', 'tasks'], ['breaker', 'breakers'], ['channel', 'other channels']];
const FRESH = {kind: 'webhook', config: {}, min_severity: 'medium', send_resolved: true, enabled: true, match: null, quiet_hours: null};

/** Opens the form; `channel`: the one to change, or null for a new one. Gives back the channel after it. */
export async function channelForm(channel = null) {
    const own = channel ?? FRESH;
    const faults = slots();
    const general = {
        name: text(own.name, {maxlength: 200, placeholder: 'Who is on call', autofocus: true}), least: choice(own.min_severity, SEVERITIES),
        enabled: tick(own.enabled, 'Switched on'), resolved: tick(own.send_resolved, 'Tell when it is over'),
    };
    const config = configForm(own, channel !== null);
    const filter = filterForm(own, faults);
    const pace = paceForm(own, faults, channel !== null);
    const quiet = quietForm(own, faults);
    const more = h('details', {open: !!own.match || !!own.quiet_hours}, h('summary', {}, 'Which alerts, how often, quiet hours'),
        h('div', {class: 'form'}, filter.element, pace.element, general.resolved.element, quiet.elements));
    const body = h('div', {class: 'form'}, h('div', {class: 'form-row'}, faults.slot('name', 'Name', general.name), faults.slot('kind', 'Kind', config.kind), faults.slot('min_severity', 'Told of', general.least)),
        config.element, more, general.enabled.element);

    /** What is sent: for a new channel what was filled in, for a change what differs; null where the form itself is wrong. */
    function values() {
        const wrong = pace.wrong();
        if (wrong.length) { faults.show(wrong); return null; }
        const all = {name: general.name.value.trim(), min_severity: general.least.value, enabled: general.enabled.input.checked, send_resolved: general.resolved.input.checked,
            config: config.values(), match: filter.values(), quiet_hours: quiet.values(), ...pace.values()};
        const isMeant = channel ? ([key, value]) => key === 'config' ? config.isChanged() : JSON.stringify(value) !== JSON.stringify(compact(channel[key])) : ([, value]) => value !== null;
        return {...(channel ? {} : {kind: config.kind.value}), ...Object.fromEntries(Object.entries(all).filter(isMeant))};
    }

    const answer = await sheet({
        title: channel ? `Edit “${channel.name}”` : 'Add a channel', isWide: true, body,
        acts: [{label: channel ? 'Save' : 'Add the channel', isDefault: true, run: async () => {
            faults.clear();
            config.faults.clear();
            const sent = values();
            if (!sent) return false;
            try {
                return channel ? await api.patch(`/alert-channels/${channel.id}`, sent) : await api.post('/alert-channels', sent);
            } catch (error) {
                const all = error.problem?.errors ?? [];
                const isOfConfig = (one) => (one.pointer ?? '').startsWith('/config');
                const rest = [...faults.show(all.filter((one) => !isOfConfig(one))), ...config.faults.show(all.filter(isOfConfig))];
                if (all.length && rest.length === 0) return false;
                throw error;
            }
        }}],
    });
    if (answer?.secret) await showSecret({title: `“${answer.name}” is added`, secret: answer.secret, text: 'This secret is shown only now. Whoever receives the webhook needs it to verify the signatures.'});
    return answer ?? null;
}

/** A value as it is sent: members without a value are left out. */
function compact(value) {
    if (value === undefined) return null;
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null));
}

// What a kind needs

function configForm(own, isKnown) {
    // Slots of their own: the fields come and go with the kind.
    const form = {faults: slots()};
    const says = h('p', {class: 'muted'});
    const fields = h('div', {class: 'form-row'});
    form.kind = choice(own.kind, Object.entries(CHANNELS).map(([key, {label}]) => [key, label]), {disabled: isKnown, on: {change: () => fill()}});
    form.element = h('div', {class: 'form channel-config'}, says, fields);
    let inputs = {};
    let before = '';
    function fill() {
        const {does, takes} = CHANNELS[form.kind.value];
        inputs = Object.fromEntries(takes.map(([key, , type, hint]) => [key, configInput(type, own.kind === form.kind.value ? own.config[key] : undefined, hint, isKnown)]));
        replace(says, does);
        replace(fields, takes.map(([key, label]) => form.faults.slot(`config/${key}`, label, inputs[key])));
        before = JSON.stringify(form.values());
    }
    /** What was filled in. The whole of it is replaced: a secret that was left empty goes as the mask that it came as, and stays. */
    form.values = () => Object.fromEntries(CHANNELS[form.kind.value].takes.map(([key, , type]) => {
        const value = inputs[key].value.trim() || (type === 'secret' && isKnown ? own.config[key] ?? '' : '');
        if (type === 'list') return [key, value.split(/[,;]\s*/).filter(Boolean)];
        return [key, type === 'number' && value ? Number(value) : value];
    }).filter(([, value]) => value !== ''));
    form.isChanged = () => JSON.stringify(form.values()) !== before;
    fill();
    return form;
}

function configInput(type, value, hint, isKnown) {
    if (Array.isArray(type)) return choice(value ?? type[0][0], type);
    if (type === 'secret') return h('input', {class: 'input', type: 'password', autocomplete: 'new-password', placeholder: isKnown && value ? 'as it is' : hint});
    if (type === 'number') return number(value, {placeholder: hint, step: 1});
    return text(Array.isArray(value) ? value.join(', ') : value, {placeholder: hint});
}

// Which alerts, how often, when not

function filterForm({match}, faults) {
    const inputs = {agent_id: text(match?.agent_id, {placeholder: 'any'}), task_type: text(match?.task_type, {placeholder: 'any'}), user_id: text(match?.user_id, {placeholder: 'any'}),
        error_type: choice(match?.error_type ?? '', [['', 'any'], ...FIELDS.error.values.map((type) => [type, words(type)])]), kind: choice(match?.kind ?? '', KINDS)};
    const labels = {agent_id: 'Agent', task_type: 'Task type', user_id: 'User', error_type: 'Error', kind: 'About'};
    return {
        element: h('div', {class: 'form-row is-tight'}, Object.entries(inputs).map(([name, input]) => faults.slot(`match/${name}`, labels[name], input))),
        values() {
            const chosen = Object.entries(inputs).map(([name, input]) => [name, input.value.trim()]).filter(([, value]) => value);
            return chosen.length ? Object.fromEntries(chosen) : null;
        },
    };
}

function paceForm(own, faults, isKnown) {
    const spans = {repeat_interval_ms: text(spanText(own.repeat_interval_ms), {placeholder: isKnown ? 'never' : '4 h'}), group_interval_ms: text(spanText(own.group_interval_ms), {placeholder: '1 min'})};
    const rate = number(own.rate?.per_hour, {min: 1, step: 1, placeholder: isKnown ? 'no cap' : '60'});
    return {
        element: h('div', {class: 'form-row'}, faults.slot('repeat_interval_ms', 'Again while it fires, every', spans.repeat_interval_ms), faults.slot('group_interval_ms', 'One of a cause at most every', spans.group_interval_ms),
            faults.slot('rate/per_hour', 'At most so many an hour', rate, 'What is above it comes together, as a digest.')),
        wrong: () => Object.entries(spans).filter(([, input]) => Number.isNaN(spanOf(input.value))).map(([name]) => ({pointer: `/${name}`, detail: 'is no time such as 30 s, 5 min, 4 h'})),
        values: () => ({...Object.fromEntries(Object.entries(spans).map(([name, input]) => [name, spanOf(input.value)])), rate: rate.value ? {per_hour: Number(rate.value)} : null}),
    };
}

function quietForm({quiet_hours: quiet}, faults) {
    const time = (value) => h('input', {class: 'input', type: 'time', value});
    const isOn = tick(!!quiet, 'Quiet hours', {on: {change: () => draw()}});
    const [from, to] = [time(quiet?.from ?? '22:00'), time(quiet?.to ?? '07:00')];
    const offset = number(quiet?.utc_offset_minutes ?? -new Date().getTimezoneOffset(), {step: 15, min: -840, max: 840});
    const least = choice(quiet?.min_severity ?? 'critical', SEVERITIES);
    const row = h('div', {class: 'form-row is-tight'}, faults.slot('quiet_hours/from', 'From', from), faults.slot('quiet_hours/to', 'To', to), faults.slot('quiet_hours/utc_offset_minutes', 'Minutes ahead of UTC', offset),
        faults.slot('quiet_hours/min_severity', 'Told all the same', least));
    function draw() { row.hidden = !isOn.input.checked; }
    draw();
    return {elements: [isOn.element, row], values: () => isOn.input.checked ? {from: from.value, to: to.value, utc_offset_minutes: Number(offset.value), min_severity: least.value} : null};
}
