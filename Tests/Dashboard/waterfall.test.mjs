import {test} from 'node:test';
import assert from 'node:assert/strict';
import {marksOf, mendedBy, merge, scaleOf, seamOf, spansOf} from '../../Sources/CDashboard/web/core/waterfall-layout.js';
import {holdsOf, pathOf} from '../../Sources/CDashboard/web/core/path.js';

const T0 = Date.parse('2026-01-31T09:30:00.000Z');
const at = (offset) => new Date(T0 + offset).toISOString();
const attempt = (number, from, to, more = {}) => ({
    number, round: 1, status: to === null ? 'running' : 'failed', started_at: at(from), finished_at: to === null ? null : at(to),
    duration_ms: to === null ? null : to - from, queue_ms: 0, retry: null, agent_id: 'a', ...more,
});
const kinds = (row) => row.spans.map((span) => `${span.kind} ${span.from - T0}-${span.to - T0}`);

test('an attempt waits, runs, and backs off until the next', () => {
    const rows = spansOf({status: 'completed'}, [
        attempt(1, 100, 200, {queue_ms: 50, retry: {delay_ms: 1000, next_attempt_at: at(1200)}}),
        attempt(2, 1230, 1300, {queue_ms: 30, status: 'succeeded'}),
    ], [], T0 + 9999);
    assert.deepEqual(kinds(rows[0]), ['queue 50-100', 'run 100-200', 'backoff 200-1200']);
    assert.deepEqual(kinds(rows[1]), ['queue 1200-1230', 'run 1230-1300']);
});

test('a running attempt goes on to now, and a pending task waits until now', () => {
    assert.deepEqual(kinds(spansOf({status: 'in_progress'}, [attempt(1, 0, null)], [], T0 + 700)[0]), ['run 0-700']);
    const waiting = spansOf({status: 'pending'}, [attempt(1, 0, 10, {retry: {delay_ms: 5000, next_attempt_at: at(5010)}})], [], T0 + 700);
    assert.deepEqual(kinds(waiting[0]), ['run 0-10', 'backoff 10-700']);
});

test('a hold is no backoff, and lasts until now while nothing ends it', () => {
    const rows = spansOf({status: 'pending'}, [attempt(1, 0, 10)], [{from: T0 + 10, to: null, provider: 'p'}], T0 + 500);
    assert.deepEqual(kinds(rows[0]), ['run 0-10', 'held 10-500']);
});

test('time after an end is blank until a person begins a new round', () => {
    const rows = spansOf({status: 'completed'}, [attempt(1, 0, 10), attempt(2, 60_000, 60_010, {round: 2, status: 'succeeded'})], [], T0 + 99_999);
    assert.deepEqual(kinds(rows[0]), ['run 0-10']);
});

test('the scale is true where nothing is folded', () => {
    const rows = spansOf({status: 'completed'}, [
        attempt(1, 0, 100, {retry: {delay_ms: 1000, next_attempt_at: at(1100)}}), attempt(2, 1100, 2000, {status: 'succeeded'})], [], T0);
    const scale = scaleOf(rows);
    assert.deepEqual(scale.gaps, []);
    assert.equal(scale.at(T0), 0);
    assert.equal(scale.at(T0 + 1000), 0.5);
    assert.equal(scale.at(T0 + 2000), 1);
});

test('a long idle gap is folded, and the order of time is kept', () => {
    const rows = spansOf({status: 'completed'}, [
        attempt(1, 0, 100, {retry: {delay_ms: 1000, next_attempt_at: at(1100)}}), attempt(2, 1100, 1200),
        attempt(3, 86_400_000, 86_400_100, {round: 2, status: 'succeeded'})], [], T0);
    const scale = scaleOf(rows);
    assert.equal(scale.gaps.length, 1);
    assert.equal(scale.gaps[0].to - scale.gaps[0].from, 86_398_800);
    const places = [0, 100, 1100, 1200, 40_000_000, 86_400_000, 86_400_100].map((offset) => scale.at(T0 + offset));
    assert.deepEqual(places, [...places].sort((a, b) => a - b));
    assert.ok(places[3] - places[0] > 0.3, 'the rest has room');
    assert.equal(places.at(-1), 1);
});

test('no attempt, or one without length, is drawn all the same', () => {
    assert.deepEqual(spansOf({status: 'pending'}, [], [], T0), []);
    assert.equal(scaleOf([]).at(T0), 0);
    const scale = scaleOf(spansOf({status: 'failed'}, [attempt(1, 0, 0)], [], T0));
    assert.ok(Number.isFinite(scale.at(T0)));
});

test('marks stand on round numbers and apart', () => {
    const scale = scaleOf(spansOf({status: 'completed'}, [attempt(1, 0, 3000)], [], T0));
    assert.deepEqual(marksOf(scale).map((mark) => mark.offset_ms), [0, 500, 1000, 1500, 2000, 2500]);
});

test('spans that touch become one', () => {
    assert.deepEqual(merge([{from: 5, to: 6}, {from: 0, to: 2}, {from: 2, to: 3}]), [{from: 0, to: 3}, {from: 5, to: 6}]);
});

test('a break is gold only when the task has completed, and says who mended it', () => {
    const all = [attempt(1, 0, 1), attempt(2, 5, 6, {round: 2, status: 'succeeded'})];
    assert.equal(seamOf({status: 'completed'}, all[0]), 'gold');
    assert.equal(seamOf({status: 'failed'}, all[0]), 'crack');
    assert.equal(seamOf({status: 'completed'}, all[1]), null);
    assert.equal(mendedBy({status: 'completed'}, all[0], all), 'a person, in round 2');
    assert.equal(mendedBy({status: 'completed'}, all[0], [all[0], {...all[1], round: 1, agent_id: 'b'}]), 'a switch to b');
});

const events = (list) => list.map(([type, offset, data = {}, round = 1], index) => ({seq: index + 1, type, at: at(offset), data, round}));

test('the path counts edges and the time in each state', () => {
    const path = pathOf(events([
        ['task_created', 0, {}], ['task_started', 10], ['attempt_started', 10, {number: 1, counted: true}],
        ['attempt_failed', 110, {number: 1, error: {type: 'server_error'}}], ['circuit_breaker_opened', 110],
        ['task_held', 110, {provider: 'p', until: at(9000)}], ['task_released', 5110], ['attempt_started', 5120, {number: 2, counted: true}],
        ['attempt_failed', 5200, {number: 2, error: {}}], ['task_retried', 5200, {due_at: at(6200), delay_ms: 1000}],
        ['attempt_started', 6200, {number: 3, counted: true}], ['attempt_success', 6300, {number: 3}], ['task_completed', 6300],
    ]), T0 + 99_999);
    assert.deepEqual([...path.edges].map(([key, edge]) => `${key} ${edge.count}`), [
        'pending>in_progress 3', 'in_progress>held 1', 'held>pending 1', 'in_progress>pending 1', 'in_progress>completed 1']);
    assert.equal(path.current, 'completed');
    assert.equal(path.nodes.get('held').spent_ms, 5000);
    assert.equal(path.nodes.get('in_progress').spent_ms, 100 + 80 + 100);
    assert.equal(path.nodes.get('completed').spent_ms, 0);
});

test('a failure goes straight to failed, and a new round back to pending', () => {
    const path = pathOf(events([
        ['task_created', 0], ['task_started', 0], ['attempt_started', 0, {number: 1, counted: true}],
        ['attempt_failed', 5, {number: 1, error: {}}], ['task_failed', 5, {reason: 'permanent_error'}], ['moved_to_dlq', 5],
        ['task_requeued', 905, {due_at: at(905), delay_ms: 0}, 2],
    ]), T0 + 1005);
    assert.deepEqual([...path.edges.keys()], ['pending>in_progress', 'in_progress>failed', 'failed>pending']);
    assert.equal(path.nodes.get('failed').spent_ms, 900);
    assert.equal(path.nodes.get('pending').spent_ms, 100);
});

test('a chain that asks at once goes from the attempt to the person, and from the answer to the end', () => {
    const path = pathOf(events([
        ['task_created', 0], ['attempt_started', 0, {number: 1, counted: true}], ['attempt_failed', 5, {number: 1, error: {}}], ['fallback_started', 5], ['fallback_step_started', 5, {step: 1}],
        ['task_escalated', 5, {until: null}], ['task_resumed', 95, {action: 'complete'}], ['fallback_step_succeeded', 95, {step: 1}], ['fallback_succeeded', 95], ['task_completed', 95],
    ]), T0 + 100);
    assert.deepEqual([...path.edges.keys()], ['pending>in_progress', 'in_progress>waiting', 'waiting>completed']);
    assert.equal(path.nodes.get('waiting').spent_ms, 90);
});

test('a chain that fails at once goes straight to failed', () => {
    const path = pathOf(events([
        ['task_created', 0], ['attempt_started', 0, {number: 1, counted: true}], ['attempt_failed', 5, {number: 1, error: {}}], ['fallback_started', 5], ['fallback_step_started', 5, {step: 1}],
        ['attempt_started', 5, {number: 2, counted: false, fallback_step: 1}], ['attempt_failed', 9, {number: 2, error: {}}], ['fallback_step_failed', 9, {step: 1}], ['fallback_exhausted', 9], ['task_failed', 9], ['moved_to_dlq', 9],
    ]), T0 + 10);
    assert.deepEqual([...path.edges.keys()], ['pending>in_progress', 'in_progress>pending', 'in_progress>failed']);
});

test('holds begin with the first task_held and end with what goes on', () => {
    assert.deepEqual(holdsOf(events([['task_created', 0], ['task_held', 10, {provider: 'p'}], ['task_held', 20, {provider: 'p'}], ['task_released', 50]])),
        [{from: T0 + 10, to: T0 + 50, provider: 'p'}]);
    assert.equal(holdsOf(events([['task_held', 10, {}]]))[0].to, null);
});

test('a wait that still grows does not fold the finished ones', () => {
    const rows = spansOf({status: 'pending'}, [
        attempt(1, 0, 80, {retry: {delay_ms: 1700, next_attempt_at: at(1780)}}),
        attempt(2, 1780, 1890, {retry: {delay_ms: 3300, next_attempt_at: at(5190)}})], [], T0 + 2100);
    assert.deepEqual(scaleOf(rows).gaps, []);
});

test('a hold before the first attempt is drawn', () => {
    const rows = spansOf({status: 'completed'}, [attempt(1, 5000, 5100, {status: 'succeeded'})], [{from: T0 + 10, to: T0 + 5000, provider: 'p'}], T0);
    assert.deepEqual(kinds(rows[0]), ['held 10-5000', 'run 5000-5100']);
});
