// Acts on many in words, shares and stages.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {filterWords, isOver, paceWords, partsOf, plannedStages, sentence, shareOf, stageSizes, stagesOf, titleOf} from '../../Sources/CDashboard/web/core/bulk.js';

const STAGES = [1, 10, '10%', 'all'];
const operation = (members = {}) => ({subject: 'failed_tasks', action: 'retry', filter: {}, status: 'running', matched: 124, done: 0, failed: 0, skipped: [], remaining: 124, canary: null, stop_reason: null, ...members});
const canary = (stage, members = {}) => ({stage, stages: STAGES, stage_size: [1, 10, 13, 100][stage - 1], stage_done: 0, waiting: 0, recovered: 0, failed_again: 0, ...members});

test('the stages of a canary add up to all, and there are fewer where there are few', () => {
    assert.deepEqual(stageSizes(124), [1, 10, 13, 100]);
    assert.deepEqual(stageSizes(1), [1]);
    assert.deepEqual(stageSizes(8), [1, 7]);
    assert.deepEqual(stageSizes(0), []);
    for (const total of [1, 2, 11, 12, 13, 99, 1_000, 123_456]) assert.equal(stageSizes(total).reduce((sum, one) => sum + one, 0), total);
    assert.deepEqual(plannedStages(124).map((stage) => stage.label), ['1', '10', '10 %: 13', 'the other 100']);
    assert.deepEqual(plannedStages(8).map((stage) => stage.label), ['1', 'the other 7']);
});

test('a stage is done, under way, stopped or to come', () => {
    const states = (one) => stagesOf(one).map((stage) => stage.state);
    assert.deepEqual(stagesOf(operation()), []);
    assert.deepEqual(states(operation({canary: canary(2)})), ['done', 'current', 'ahead', 'ahead']);
    assert.deepEqual(states(operation({canary: canary(2), status: 'stopped'})), ['done', 'stopped', 'ahead', 'ahead']);
    assert.deepEqual(states(operation({canary: canary(4), status: 'completed'})), ['done', 'done', 'done', 'done']);
    assert.deepEqual(states(operation({canary: canary(2), status: 'cancelled'})), ['done', 'ahead', 'ahead', 'ahead']);
    assert.equal(stagesOf(operation({canary: canary(2, {recovered: 6, failed_again: 1, waiting: 3})}))[1].says, '6 recovered, 1 failed again, 3 not ended yet');
    assert.equal(stagesOf(operation({canary: canary(3)}))[2].label, '10 %: 13');
});

test('what is going on is one sentence', () => {
    assert.equal(titleOf(operation()), 'Retry 124 dead letters');
    assert.equal(titleOf(operation({subject: 'tasks', action: 'cancel', matched: 1})), 'Cancel 1 task');
    assert.equal(sentence(operation({done: 40, remaining: 80, skipped: [{reason: 'not_pending', count: 4}]})), '40 of 124 retried; 4 passed over.');
    assert.equal(sentence(operation({canary: canary(2), done: 5})), 'Stage 2 of 4: the next begins when these have ended well.');
    assert.equal(sentence(operation({status: 'completed', done: 124, remaining: 0})), '124 dead letters retried; none passed over.');
    assert.equal(sentence(operation({status: 'cancelled', done: 20, remaining: 104})), 'Cancelled after 20 of 124. What was retried stays so; the other 104 are as they were.');
    assert.equal(sentence(operation({status: 'stopped', done: 11, remaining: 113, stop_reason: 'same_failure'})), 'Stopped because the same failure came back: the cause is still there. The other 113 are as they were.');
    assert.match(sentence(operation({status: 'stopped', done: 1, remaining: 123, stop_reason: 'The same failure came back (group 59658ec2f28f2cd4): its cause is not mended.'})), /^The same failure came back: its cause is not mended\. The other 123/);
    assert.match(sentence(operation({status: 'stopped', done: 1, remaining: 123, stop_reason: 'The disk is full.'})), /^The disk is full\. The other 123/);
});

test('the parts of the bar are all there is', () => {
    const parts = partsOf(operation({done: 90, failed: 2, skipped: [{reason: 'not_pending', count: 12}], remaining: 20}));
    assert.deepEqual(parts.map(({key, count}) => [key, count]), [['done', 90], ['failed', 2], ['skipped', 12], ['remaining', 20]]);
    assert.equal(partsOf(operation({status: 'stopped', done: 1, remaining: 123})).at(-1).label, 'left as they were');
    assert.equal(shareOf(operation({remaining: 31})), 0.75);
    assert.equal(shareOf(operation({matched: 0, remaining: 0})), 1);
    assert.deepEqual(['running', 'paused', 'completed', 'cancelled', 'stopped'].map((status) => isOver({status})), [false, false, true, true, true]);
});

test('a filter is told in words, its fingerprint and its names are not', () => {
    assert.deepEqual(filterWords({agent: 'acme', error_type: 'server_error', min_amount: '100', group: '00ff', ids: null, note: ''}), ['agent acme', 'error server error', 'amount at least 100', 'one kind of failure']);
    assert.deepEqual(filterWords({ids: ['a', 'b']}), ['2 chosen one by one']);
    assert.deepEqual(filterWords({status: 'failed,cancelled', not_type: 'noise'}), ['status failed or cancelled', 'not type noise']);
    assert.deepEqual(filterWords(null), []);
});

test('a pace is a time', () => {
    assert.equal(paceWords(1_200, 10), '1,200 at 10 a second take about 2 min.');
    assert.equal(paceWords(5, 0), '');
});
