// Adding and changing an agent; faults stand at their fields.

import {api} from '../../core/api.js';
import {h} from '../../core/dom.js';
import {resources} from '../../core/store.js';
import {field, sheet} from '../../components/dialog.js';
import {choice, number, slots, text} from '../../components/faults.js';

const BREAKER = [
    ['consecutive_failures', 'Failures in a row', 5], ['failure_rate', 'Failure rate, 0 to 1', 0.5], ['min_calls', 'Least calls', 10], ['window_ms', 'Window, ms', 60_000],
    ['open_ms', 'Open for, ms', 30_000], ['max_open_ms', 'At most, ms', 300_000], ['probes', 'Probes', 3],
];

/** Opens the form; `agent`: the one to change, or null for a new one. Gives back the agent after it. */
export async function agentForm(agent = null) {
    const own = agent ?? {};
    const inputs = {
        name: text(own.name, {required: true, maxlength: 200, placeholder: 'Acme Payments'}),
        id: agent ? null : text('', {pattern: '[a-z0-9][a-z0-9._\\-]{0,63}', placeholder: 'acme-pay', title: 'Small letters, digits and . _ -'}),
        callback_url: text(own.callback_url, {inputmode: 'url', placeholder: 'https://agent.example/run'}),
        capabilities: text((own.capabilities ?? []).join(', '), {placeholder: 'payment.capture, payment.refund'}),
        provider: text(agent && own.provider !== own.id ? own.provider : '', {placeholder: 'its own'}),
        timeout_ms: number(own.timeout_ms, {min: 1, placeholder: '30000'}), max_concurrency: number(own.max_concurrency, {min: 1, placeholder: '64'}),
        weight: number(own.weight, {min: 1, placeholder: '1'}), redrive: choice(own.redrive ?? 'on_recovery', [['on_recovery', 'By themselves, when it recovers'], ['manual', 'Only by a person']]),
        per_second: number(own.rate_limit?.per_second, {min: 0, placeholder: 'no limit'}), burst: number(own.rate_limit?.burst, {min: 1, placeholder: 'as per second'}),
    };
    const auth = {type: choice(own.auth ? 'keep' : '', [...(own.auth ? [['keep', `As it is (${own.auth.type})`]] : []), ['', 'None'], ['bearer', 'Bearer token'], ['basic', 'Name and password'], ['header', 'A header']]),
        name: text('', {placeholder: 'X-Api-Key'}), secret: h('input', {class: 'input', type: 'password', autocomplete: 'new-password'})};
    const breaker = Object.fromEntries(BREAKER.map(([name, , usual]) => [name, number(own.breaker?.[name], {placeholder: String(usual)})]));
    const faults = slots();
    const {slot} = faults;
    const more = h('details', {}, h('summary', {}, 'Limits, credentials and breaker'), h('div', {class: 'form'},
        h('div', {class: 'form-row'}, slot('timeout_ms', 'Time of one attempt, ms', inputs.timeout_ms), slot('max_concurrency', 'Attempts at once', inputs.max_concurrency), slot('weight', 'Weight among equals', inputs.weight)),
        h('div', {class: 'form-row'}, slot('rate_limit', 'Calls a second', inputs.per_second), slot('rate_limit/burst', 'Burst', inputs.burst), slot('redrive', 'Dead letters of its breaker return', inputs.redrive)),
        h('div', {class: 'form-row'}, slot('provider', 'Provider', inputs.provider, 'Agents of one provider share its breaker.'), slot('auth', 'Credentials it gets', auth.type), field('Name or header', auth.name), slot('auth/token', 'Secret', auth.secret)),
        h('h3', {}, 'When its breaker opens'), h('div', {class: 'form-row is-tight'}, BREAKER.map(([name, label]) => slot(`breaker/${name}`, label, breaker[name])))));
    const body = h('div', {class: 'form'}, h('div', {class: 'form-row'}, slot('name', 'Name', inputs.name), inputs.id ? slot('id', 'Id', inputs.id, 'By default a new UUID.') : null),
        slot('callback_url', 'Callback URL', inputs.callback_url, 'It is called by POST for each attempt. Without one its tasks fail as missing_callback.'),
        slot('capabilities', 'Capabilities', inputs.capabilities, 'Types of tasks that it can do, parted by commas.'), more);
    const answer = await sheet({
        title: agent ? `Edit ${agent.id}` : 'Add an agent', isWide: true, body,
        acts: [{label: agent ? 'Save' : 'Add the agent', isDefault: true, run: () => faults.guard(() => {
            const wrong = body.querySelector(':invalid');
            if (wrong) { if (more.contains(wrong)) more.open = true; return wrong.reportValidity(); }
            const sent = valuesOf({inputs, auth, breaker, agent});
            return agent ? api.patch(`/agents/${agent.id}`, sent) : api.post('/agents', {protocol: 'http', ...sent});
        })}],
    });
    if (answer) resources.agents.refresh();
    return answer ?? null;
}

/** What is sent: for a new agent what was filled in, for a change what differs. */
function valuesOf({inputs, auth, breaker, agent}) {
    const numeric = (input) => input.value === '' ? null : Number(input.value);
    const own = (input) => input.value.trim() || null;
    const all = {
        name: own(inputs.name), callback_url: own(inputs.callback_url), capabilities: inputs.capabilities.value.split(/[\s,]+/).filter(Boolean), provider: own(inputs.provider),
        timeout_ms: numeric(inputs.timeout_ms), max_concurrency: numeric(inputs.max_concurrency), weight: numeric(inputs.weight), redrive: inputs.redrive.value,
        rate_limit: inputs.per_second.value === '' ? null : {per_second: numeric(inputs.per_second), burst: numeric(inputs.burst) ?? Math.max(1, Math.ceil(numeric(inputs.per_second)))},
    };
    if (inputs.id) all.id = own(inputs.id);
    if (auth.type.value !== 'keep') all.auth = {'': null, bearer: {type: 'bearer', token: auth.secret.value}, basic: {type: 'basic', username: auth.name.value, password: auth.secret.value}, header: {type: 'header', name: auth.name.value, value: auth.secret.value}}[auth.type.value];
    const filled = Object.fromEntries(Object.entries(breaker).map(([name, input]) => [name, numeric(input)]));
    if (!agent) {
        const given = Object.fromEntries(Object.entries(filled).filter(([, value]) => value !== null));
        if (Object.keys(given).length) all.breaker = given;
        return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0)));
    }
    const changed = Object.fromEntries(Object.entries(filled).filter(([name, value]) => value !== (agent.breaker?.[name] ?? null)));
    if (Object.keys(changed).length && agent.breaker) all.breaker = changed;
    const isSame = (name, value) => JSON.stringify(value) === JSON.stringify(agent[name] ?? null) || name === 'provider' && value === null && agent.provider === agent.id || name === 'auth' && value === null && !agent.auth;
    return Object.fromEntries(Object.entries(all).filter(([name, value]) => name === 'breaker' || !isSame(name, value)));
}
