// The waits of a retry policy: the same formula as Backoff.swift. Pure.

/** What counts where a policy leaves a member out. */
const DEFAULTS = {max_attempts: 6, base_delay_ms: 1000, max_delay_ms: 30_000, jitter: 0.25, max_elapsed_ms: null};

/** A `Retry-After` counts for at most this long, unless the server is configured otherwise. */
export const RETRY_AFTER_CAP = 600_000;

/** `min(base · 2^(n-1), cap)`: what the wait after failure `n` is before chance moves it. */
export function raw(n, policy) {
    const {base_delay_ms: base, max_delay_ms: cap} = {...DEFAULTS, ...policy};
    if (base <= 0 || cap <= 0) return 0;
    return Math.min(base * 2 ** Math.max(0, n - 1), cap);
}

/**
 * The wait after failure `n` (from 1): `{n, raw, low, high}` in milliseconds. The cap holds after the jitter; a
 * `Retry-After` is a floor above it, and its own jitter only goes upwards.
 */
export function wait(n, policy, retryAfter = null) {
    const {max_delay_ms: cap, jitter} = {...DEFAULTS, ...policy};
    const share = Math.min(Math.max(Number(jitter) || 0, 0), 1);
    const middle = raw(n, policy);
    const part = Math.round(middle * share);
    const within = (delay) => middle === 0 ? 0 : Math.min(Math.max(delay, 1), cap);
    let [low, high] = [within(middle - part), within(middle + part)];
    if (retryAfter !== null && retryAfter !== undefined) {
        const floor = Math.min(Math.max(retryAfter, 0), RETRY_AFTER_CAP);
        [low, high] = [Math.max(low, floor), Math.max(high, floor + Math.round(floor * share))];
    }
    return {n, raw: middle, low, high};
}

/** The waits of a whole round, one fewer than its attempts; at most `most` of them. */
export function schedule(policy, most = 40) {
    const attempts = {...DEFAULTS, ...policy}.max_attempts;
    return Array.from({length: Math.max(0, Math.min(attempts - 1, most))}, (_, index) => wait(index + 1, policy));
}

/** How long the round waits if every attempt fails: `{low, high}`, cut where `max_elapsed_ms` forbids another retry. */
export function total(policy) {
    const {max_attempts: attempts, max_elapsed_ms: longest} = {...DEFAULTS, ...policy};
    const sum = {low: 0, high: 0};
    for (let n = 1; n < attempts; n += 1) {
        const one = wait(n, policy);
        sum.low += one.low;
        sum.high += one.high;
    }
    if (longest === null || longest === undefined) return sum;
    return {low: Math.min(sum.low, longest), high: Math.min(sum.high, longest)};
}
