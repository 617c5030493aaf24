import {test} from 'node:test';
import assert from 'node:assert/strict';
import {raw, schedule, total, wait} from '../../Sources/CDashboard/web/core/schedule.js';

const policy = {max_attempts: 6, base_delay_ms: 1000, max_delay_ms: 30_000, jitter: 0.25, max_elapsed_ms: null};

test('the wait doubles from the base up to the cap', () => {
    assert.deepEqual([1, 2, 3, 4, 5, 6, 7].map((n) => raw(n, policy)), [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

test('jitter moves it both ways, and the cap holds after the jitter', () => {
    assert.deepEqual(wait(1, policy), {n: 1, raw: 1000, low: 750, high: 1250});
    assert.deepEqual(wait(6, policy), {n: 6, raw: 30_000, low: 22_500, high: 30_000});
});

test('a wait is never zero unless base or cap is', () => {
    assert.equal(wait(1, {...policy, base_delay_ms: 1, jitter: 1}).low, 1);
    assert.deepEqual(wait(3, {...policy, base_delay_ms: 0}), {n: 3, raw: 0, low: 0, high: 0});
    assert.deepEqual(wait(3, {...policy, max_delay_ms: 0}), {n: 3, raw: 0, low: 0, high: 0});
});

test('a Retry-After is a floor above the cap, and its jitter goes upwards only', () => {
    assert.deepEqual(wait(1, policy, 60_000), {n: 1, raw: 1000, low: 60_000, high: 75_000});
    assert.equal(wait(1, policy, 86_400_000).low, 600_000);
    assert.equal(wait(1, policy, 0).low, 750);
});

test('very many doublings do not overflow', () => {
    assert.equal(raw(900, {...policy, max_delay_ms: 86_400_000}), 86_400_000);
});

test('a round has one wait fewer than attempts', () => {
    assert.equal(schedule(policy).length, 5);
    assert.deepEqual(schedule({...policy, max_attempts: 1}), []);
    assert.equal(schedule({...policy, max_attempts: 1000}).length, 40);
});

test('the whole round waits between two bounds, cut by the longest time', () => {
    assert.deepEqual(total(policy), {low: 23_250, high: 38_750});
    assert.deepEqual(total({...policy, max_elapsed_ms: 30_000}), {low: 23_250, high: 30_000});
});

test('a jitter outside 0 to 1 counts as the nearest', () => {
    assert.deepEqual(wait(1, {...policy, jitter: 7}), {n: 1, raw: 1000, low: 1, high: 2000});
    assert.deepEqual(wait(1, {...policy, jitter: Number.NaN}), {n: 1, raw: 1000, low: 1000, high: 1000});
});
