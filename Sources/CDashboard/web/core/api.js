// The public API, as everybody else uses it; the session cookie says who we are.

import {setServerTime} from './time.js';

/** An answer that is no success, with the problem document that came with it. */
export class ApiError extends Error {
    constructor(status, problem) {
        super(problem.detail || problem.title || `The server answered ${status}.`);
        this.status = status;
        this.problem = problem;
        /** The server cannot be reached. */
        this.isOffline = status === 0;
    }

    /** What is wrong, member by member: `retry_policy/jitter: must be between 0 and 1`. */
    get faults() {
        return (this.problem.errors ?? []).map((fault) =>
            `${(fault.pointer ?? fault.parameter ?? '').replace(/^\//, '')}: ${fault.detail}`);
    }
}

let whenSignedOut = () => {};
let gate = null;

/** Lets no question go out before this is settled: what is loaded before the stream begins could be old already. */
export function hold(promise) { gate = promise; }

/** Calls `listener` when an answer says that nobody is signed in any more. */
export function onSignedOut(listener) { whenSignedOut = listener; }

/** The query string of these members; those without a value are left out. */
export function queryString(params) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(params ?? {})) {
        if (value !== null && value !== undefined && value !== '') query.set(name, String(value));
    }
    const text = query.toString();
    return text ? `?${text}` : '';
}

async function call(method, path, {params, body, headers, signal} = {}) {
    const sent = {Accept: 'application/json', ...headers};
    if (body !== undefined) sent['Content-Type'] = 'application/json';
    if (method === 'GET') await gate;
    let response;
    try {
        response = await fetch(`/api/v1${path}${queryString(params)}`, {
            method, headers: sent, signal, credentials: 'same-origin', cache: 'no-store',
            body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
        });
    } catch (error) {
        if (error.name === 'AbortError') throw error;
        throw new ApiError(0, {title: 'The server cannot be reached.',
            detail: 'The server cannot be reached. It may be restarting; this page tries again by itself.'});
    }
    const text = response.status === 204 ? '' : await response.text();
    if (response.ok) return {text, response};
    let problem;
    try { problem = JSON.parse(text); } catch { problem = {title: `The server answered ${response.status}.`}; }
    if (response.status === 401 && path !== '/session') whenSignedOut();
    throw new ApiError(response.status, problem);
}

const parsed = ({text}) => {
    const value = text ? JSON.parse(text) : null;
    if (value?.at && value?.server) setServerTime(value.at);
    return value;
};

export const api = {
    async get(path, params, options) { return parsed(await call('GET', path, {params, ...options})); },
    /** The answer's bytes as they came: for payloads whose numbers must stay exact. */
    async raw(path, params, options) { return (await call('GET', path, {params, ...options})).text; },
    /** An act. Repeating it by accident does it once: each has an idempotency key of its own. */
    async post(path, body = {}, {headers, ...options} = {}) {
        const key = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
        return parsed(await call('POST', path, {body, headers: {'Idempotency-Key': key, ...headers}, ...options}));
    },
    async put(path, body, options) { return parsed(await call('PUT', path, {body, ...options})); },
    async patch(path, body, options) { return parsed(await call('PATCH', path, {body, ...options})); },
    async remove(path, params) { return parsed(await call('DELETE', path, {params})); },
};

/** All pages of a list, up to `most` items. */
export async function pages(path, params, most = 1000, signal = undefined) {
    const found = [];
    let cursor = null;
    do {
        const page = await api.get(path, {limit: 200, ...params, cursor}, {signal});
        found.push(...page.data);
        cursor = page.next_cursor;
    } while (cursor && found.length < most);
    return {items: found, hasMore: cursor !== null};
}
