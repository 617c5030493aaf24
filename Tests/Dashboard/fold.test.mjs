// The fold of events in JavaScript runs the fixtures that the one in Swift has written (FoldFixtureTests.swift).

import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {test} from 'node:test';
import {breaks, empty, evolve, isHealed} from '../../Sources/CDashboard/web/core/fold.js';

const folder = new URL('../Fixtures/folds/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.json'));

const MEMBERS = ['status', 'status_reason', 'round', 'attempt', 'round_attempt', 'max_attempts', 'agent_id', 'created_at',
    'started_at', 'finished_at', 'deadline_at', 'failed_task_id', 'dead_letter', 'fallback'];
const OF_ATTEMPT = ['number', 'round', 'status', 'probe', 'fallback_step', 'agent_id', 'provider', 'started_at', 'finished_at', 'queue_ms',
    'duration_ms', 'http_status', 'retry'];

function pick(from, members) { return Object.fromEntries(members.map((name) => [name, from[name] ?? null])); }

test('there are fixtures', () => assert.ok(names.length >= 10));

for (const name of names) {
    test(`${name}: the same task after every event`, () => {
        const {events, states} = JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
        let state = empty();
        events.forEach((event, index) => {
            state = evolve(state, event);
            const wanted = states[index];
            const where = `after ${event.seq} ${event.type}`;
            assert.equal(state.seq, event.seq);
            assert.deepEqual(pick(state, MEMBERS), pick(wanted, MEMBERS), where);
            assert.equal(state.error?.type ?? null, wanted.error_type, where);
            assert.equal(state.progress?.percent ?? null, wanted.percent, where);
            assert.deepEqual(state.attempts.map((one) => ({...pick(one, OF_ATTEMPT), error: one.error?.type ?? null, breaker: one.breaker_state})),
                wanted.attempts.map((one) => ({...pick(one, OF_ATTEMPT), error: one.error?.type ?? null, breaker: one.circuit_breaker.state})), where);
        });
    });
}

test('folding changes nothing of the state before', () => {
    const {events} = JSON.parse(readFileSync(new URL('healed.json', folder), 'utf8'));
    const states = [empty()];
    for (const event of events) states.push(evolve(states.at(-1), event));
    const before = JSON.stringify(states);
    for (const event of events) evolve(states[3], event);
    assert.equal(JSON.stringify(states), before);
});

test('gold is for what broke and was mended, and for nothing else', () => {
    const last = (name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')).events.reduce(evolve, empty());
    assert.equal(isHealed(last('healed.json')), true);
    assert.equal(isHealed(last('completed.json')), false);
    assert.deepEqual(breaks(last('healed.json'), last('healed.json').attempts).map((one) => one.mended), [true, true]);
    const failed = last('hold-runs-out.json');
    assert.equal(isHealed(failed), false);
    assert.deepEqual(breaks(failed, failed.attempts).map((one) => one.mended), [false]);
});
