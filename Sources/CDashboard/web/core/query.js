// The query language of the chips: the same as the command line's `-q`. Pure: texts in, chips and API parameters out.
//
//     status:failed agent:acme type:payment.capture attempts:>1 amount:>100 age:>1h -type:noise 0197c2

/** Each word with what it means, whether it may be negated, and its parameter of the API. */
export const FIELDS = {
    status: {help: 'pending, in_progress, waiting, completed, failed, cancelled', param: 'status', not: 'not_status',
        values: ['pending', 'in_progress', 'waiting', 'completed', 'failed', 'cancelled'], many: true},
    agent: {help: 'the agent that runs it', param: 'agent', not: 'not_agent'},
    type: {help: 'the task’s type', param: 'type', not: 'not_type'},
    error: {help: 'what it failed of', param: 'error_type', not: 'not_error_type',
        values: ['timeout', 'network_error', 'server_error', 'rate_limit', 'auth_failure', 'validation_error', 'not_found',
            'client_error', 'missing_callback', 'address_refused', 'circuit_open', 'handler_error', 'agent_reported',
            'invalid_response', 'worker_lost', 'deadline_exceeded', 'cancelled']},
    user: {help: 'whose it is', param: 'user_id'},
    attempts: {help: 'attempts begun, such as >1', compare: true},
    amount: {help: 'the payment’s amount, such as >100', compare: true},
    age: {help: 'since it was made, such as >1h or <10m', compare: true},
    metadata: {help: 'metadata.KEY:VALUE', prefix: true},
};

/** The chips of a text: `{field, key?, op, value, negated}`; a plain word is a chip of field `q`. */
export function parse(text) {
    return tokens(text).map(chip);
}

function tokens(text) {
    const found = [];
    const pattern = /-?[\w.]*:?(?:"(?:[^"\\]|\\.)*"|[^\s"]+)+|"(?:[^"\\]|\\.)*"/g;
    for (const [token] of text.matchAll(pattern)) found.push(token);
    return found;
}

function unquoted(value) {
    return value.startsWith('"') && value.endsWith('"') && value.length > 1
        ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
}

function chip(token) {
    const match = /^(-?)([a-z_]+)(?:\.([^:\s]+))?:(.*)$/.exec(token);
    if (!match) return {field: 'q', op: '=', value: unquoted(token), negated: false};
    const [, minus, field, key, rest] = match;
    const compare = FIELDS[field]?.compare ? /^(>=|<=|>|<|=)?(.*)$/.exec(rest) : [null, '=', rest];
    const made = {field, op: compare[1] ?? '=', value: unquoted(compare[2]), negated: minus === '-'};
    if (key !== undefined) made.key = key;
    return made;
}

/** The text of a chip. */
export function format({field, key, op, value, negated}) {
    const quoted = /[\s"]/.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : value;
    if (field === 'q') return quoted;
    return `${negated ? '-' : ''}${field}${key ? '.' + key : ''}:${op === '=' ? '' : op}${quoted}`;
}

/** The text of all chips. */
export function formatAll(chips) { return chips.map(format).join(' '); }

/** What is wrong with a chip, in a sentence; null if nothing is. */
export function fault(chip) {
    const field = FIELDS[chip.field];
    if (chip.field === 'q') return chip.negated ? 'A plain word cannot be excluded.' : null;
    if (!field) return `There is no field “${chip.field}”; there are ${Object.keys(FIELDS).join(', ')}.`;
    if (field.prefix && !chip.key) return 'Say which key: metadata.KEY:VALUE.';
    if (!chip.value) return `Say which ${chip.field}.`;
    if (chip.negated && !field.not) return `“${chip.field}” cannot be excluded.`;
    if (field.many || field.values) {
        const strange = chip.value.split(',').find((value) => !field.values.includes(value));
        if (strange) return `“${strange}” is no ${chip.field}; there are ${field.values.join(', ')}.`;
    }
    if (chip.field === 'attempts' && !/^\d{1,6}$/.test(chip.value)) return 'attempts takes a whole number, such as >1.';
    if (chip.field === 'attempts' && chip.op.startsWith('<')) return 'attempts can be asked for from a number up, such as >1.';
    if (chip.field === 'amount' && !/^\d{1,30}(\.\d{1,18})?$/.test(chip.value)) return 'amount takes a number, such as >100.';
    if (chip.field === 'amount' && chip.op.startsWith('<')) return 'amount can be asked for from a sum up, such as >100.';
    if (chip.field === 'age' && age(chip.value) === null) return 'age takes a span, such as >1h, <10m or >2d.';
    return null;
}

const UNITS = {s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000};

/** `90s`, `10m`, `1h`, `2d` in milliseconds; null of anything else. */
export function age(text) {
    const match = /^(\d{1,6})([smhdw])$/.exec(text);
    return match ? Number(match[1]) * UNITS[match[2]] : null;
}

/** The parameters of `GET /tasks` for these chips at this time. Chips with a fault are left out. */
export function parameters(chips, now) {
    const params = {};
    const add = (name, value) => { params[name] = params[name] === undefined ? value : `${params[name]},${value}`; };
    for (const chip of chips) {
        if (fault(chip)) continue;
        const field = FIELDS[chip.field];
        if (chip.field === 'q') params.q = chip.value;
        else if (chip.field === 'metadata') params[`metadata.${chip.key}`] = chip.value;
        else if (chip.field === 'attempts') params.min_attempts = Number(chip.value) + (chip.op === '>' ? 1 : 0);
        else if (chip.field === 'amount') params.min_amount = chip.value;
        else if (chip.field === 'age') {
            const at = new Date(now - age(chip.value)).toISOString();
            params[chip.op.startsWith('<') ? 'created_after' : 'created_before'] = at;
        } else if (chip.negated) add(field.not, chip.value);
        else if (field.many) add(field.param, chip.value);
        else params[field.param] = chip.value;
    }
    return params;
}

/** Whether a task that came live belongs into the list of these chips. Unknowable parts count as true. */
export function matches(chips, task, now) {
    return chips.every((chip) => {
        if (fault(chip)) return true;
        const value = chip.value;
        const is = (own) => value.split(',').includes(own ?? '');
        let fits;
        switch (chip.field) {
        case 'status': fits = is(task.status); break;
        case 'agent': fits = is(task.agent_id); break;
        case 'type': fits = is(task.type); break;
        case 'error': fits = task.status === 'failed' && is(task.error?.type); break;
        case 'user': fits = task.user_id === value; break;
        case 'attempts': fits = task.attempt >= Number(value) + (chip.op === '>' ? 1 : 0); break;
        case 'amount': fits = task.payment !== null && Number(task.payment?.amount) >= Number(value); break;
        case 'age': {
            const old = now - Date.parse(task.created_at);
            fits = chip.op.startsWith('<') ? old <= age(value) : old >= age(value);
            break;
        }
        case 'metadata': fits = !task.metadata || task.metadata[chip.key] === value; break;
        default: fits = task.id.startsWith(value) || task.type === value || task.payment?.reference === value;
        }
        return chip.negated ? !fits : fits;
    });
}

/** What could come next after this beginning of a word: `{text, help}`. `known` gives values that were seen. */
export function suggestions(word, known = {}) {
    const negated = word.startsWith('-');
    const plain = negated ? word.slice(1) : word;
    const colon = plain.indexOf(':');
    if (colon < 0) {
        return Object.entries(FIELDS)
            .filter(([name, field]) => name.startsWith(plain) && (!negated || field.not))
            .map(([name, field]) => ({text: `${negated ? '-' : ''}${name}${field.prefix ? '.' : ':'}`, help: field.help}));
    }
    const [name, begun] = [plain.slice(0, colon), plain.slice(colon + 1)];
    const field = FIELDS[name];
    const values = field?.values ?? known[name] ?? [];
    return values.filter((value) => value.startsWith(begun)).slice(0, 12)
        .map((value) => ({text: `${negated ? '-' : ''}${name}:${value}`, help: ''}));
}
