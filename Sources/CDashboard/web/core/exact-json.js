// JSON that keeps what was written: numbers stay texts, members keep their order and their doubles. Pure, without
// recursion while it reads, so that no depth can exhaust the stack.
//
// A value is `{kind, start, end}` and its own: `object` has `entries` of `[key, value]`, `array` has `items`, `string`
// has `value`, `number` and `word` have `text`. `start` and `end` are its place in the text that was read.

/** As deep as the server takes; answers wrap payloads, which is why a reader of answers allows some more. */
export const DEEPEST = 64;

export class JSONFault extends Error {
    constructor(message, text, at) {
        const before = text.slice(0, at);
        const line = before.split('\n').length;
        const column = at - before.lastIndexOf('\n');
        super(`${message} (line ${line}, column ${column})`);
        Object.assign(this, {at, line, column});
    }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORD = /true|false|null/y;
const SPACE = /[ \t\n\r]*/y;

/** The value in this text; throws a `JSONFault` that says where it stops being JSON. */
export function read(text, {deepest = DEEPEST} = {}) {
    let at = 0;
    const fail = (message) => { throw new JSONFault(message, text, at); };
    const match = (pattern) => {
        pattern.lastIndex = at;
        const found = pattern.exec(text)?.[0];
        if (found !== undefined) at += found.length;
        return found;
    };
    const isNext = (character) => text[at] === character;
    const string = () => {
        const start = at;
        const found = match(STRING);
        if (found === undefined) fail(isNext('"') ? 'A text is not closed, or holds a character that must be escaped' : 'A text in double quotes is expected here');
        return {kind: 'string', value: JSON.parse(found), start, end: at};
    };
    // Containers that are not closed yet, the innermost last, each with the key that waits for its value.
    const open = [];
    let done = null;
    const close = (value) => {
        value.end = at;
        const parent = open.at(-1);
        if (!parent) done = value;
        else if (parent.kind === 'array') parent.items.push(value);
        else { parent.entries.push([parent.key, value]); delete parent.key; }
    };
    const key = (parent) => {
        parent.key = string().value;
        match(SPACE);
        if (!isNext(':')) fail('A colon is expected here');
        at += 1;
    };
    match(SPACE);
    while (done === null) {
        // One value begins here.
        match(SPACE);
        const start = at;
        if (isNext('{') || isNext('[')) {
            if (open.length >= deepest) fail(`It is nested deeper than ${deepest}`);
            const value = isNext('{') ? {kind: 'object', entries: [], start, end: at} : {kind: 'array', items: [], start, end: at};
            const closing = value.kind === 'object' ? '}' : ']';
            at += 1;
            match(SPACE);
            if (!isNext(closing)) {
                open.push(value);
                if (value.kind === 'object') key(value);
                continue;
            }
            at += 1;
            close(value);
        } else if (isNext('"')) {
            close(string());
        } else {
            const number = match(NUMBER);
            if (number !== undefined && /[\w.+-]/.test(text[at] ?? '')) { at = start; fail('This is no number as JSON writes them'); }
            const word = number === undefined ? match(WORD) : undefined;
            if (number === undefined && word === undefined) fail(at >= text.length ? 'The text ends too early' : 'A value is expected here');
            close(number === undefined ? {kind: 'word', text: word, start, end: at} : {kind: 'number', text: number, start, end: at});
        }
        // What follows a value: a comma, or the ends of as many containers as close here.
        while (done === null) {
            match(SPACE);
            const parent = open.at(-1);
            const closing = parent.kind === 'object' ? '}' : ']';
            if (isNext(closing)) { at += 1; open.pop(); close(parent); continue; }
            if (!isNext(',')) fail(at >= text.length ? 'The text ends too early' : `A comma or ${closing} is expected here`);
            at += 1;
            match(SPACE);
            if (parent.kind === 'object') key(parent);
            break;
        }
    }
    match(SPACE);
    if (at < text.length) fail('Something follows after the value');
    return done;
}

/** The member of this name; the last, where there are several, as every reader takes it. */
export function member(value, name) {
    return value?.kind === 'object' ? value.entries.findLast(([key]) => key === name)?.[1] ?? null : null;
}

/** Spread over lines, every number as it was written. */
export function pretty(value, indent = '') {
    const inner = `${indent}  `;
    switch (value.kind) {
    case 'object': return value.entries.length === 0 ? '{}'
        : `{\n${value.entries.map(([key, one]) => `${inner}${JSON.stringify(key)}: ${pretty(one, inner)}`).join(',\n')}\n${indent}}`;
    case 'array': return value.items.length === 0 ? '[]'
        : `[\n${value.items.map((one) => inner + pretty(one, inner)).join(',\n')}\n${indent}]`;
    case 'string': return JSON.stringify(value.value);
    default: return value.text;
    }
}

/** On one line, every number as it was written. */
export function compact(value) {
    switch (value.kind) {
    case 'object': return `{${value.entries.map(([key, one]) => `${JSON.stringify(key)}:${compact(one)}`).join(',')}}`;
    case 'array': return `[${value.items.map(compact).join(',')}]`;
    case 'string': return JSON.stringify(value.value);
    default: return value.text;
    }
}

/** The value as JavaScript has it, for parts of which no number is large. */
export function plain(value) {
    switch (value?.kind) {
    case 'object': return Object.fromEntries(value.entries.map(([key, one]) => [key, plain(one)]));
    case 'array': return value.items.map(plain);
    case 'string': return value.value;
    case 'number': return Number(value.text);
    case 'word': return {true: true, false: false, null: null}[value.text];
    default: return null;
    }
}

/** How many values directly stand in it. */
export function size(value) { return value.entries?.length ?? value.items?.length ?? 0; }

/** The way to a value, such as `$.lines[2]["unit price"]`. */
export function path(keys) {
    return '$' + keys.map((key) => typeof key === 'number' ? `[${key}]`
        : /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`).join('');
}

// Control characters, and those that turn the direction of writing or have no width: they could make a payload look like
// something else.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const SHORT = {'\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t'};

/** The text with everything unseen written out, in parts: `[{text, isEscape}]`. */
export function visible(text) {
    const parts = [];
    let last = 0;
    const add = (part, isEscape) => { if (part) parts.push({text: part, isEscape}); };
    for (const found of text.matchAll(UNSEEN)) {
        add(text.slice(last, found.index), false);
        add(SHORT[found[0]] ?? `\\u${found[0].charCodeAt(0).toString(16).padStart(4, '0')}`, true);
        last = found.index + found[0].length;
    }
    add(text.slice(last), false);
    return parts;
}

/** Every value that has this text in its key or itself, as lists of keys; stops at `most`. */
export function find(value, wanted, most = 500) {
    const needle = wanted.toLowerCase();
    const found = [];
    const stack = [{value, keys: []}];
    while (stack.length > 0 && found.length < most) {
        const {value: one, keys} = stack.pop();
        const own = one.kind === 'string' ? one.value : one.text ?? '';
        const key = keys.at(-1);
        if (own.toLowerCase().includes(needle) || typeof key === 'string' && key.toLowerCase().includes(needle)) found.push(keys);
        const inner = one.kind === 'object' ? one.entries : one.kind === 'array' ? one.items.map((item, index) => [index, item]) : [];
        for (let index = inner.length - 1; index >= 0; index -= 1) stack.push({value: inner[index][1], keys: [...keys, inner[index][0]]});
    }
    return found;
}
