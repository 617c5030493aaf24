// Fallback chains: from the API into a form and back, the way of a task through one, and what a test found.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {bodyOf, draftOf, emptyChain, emptyStep, formOf, matchWords, moved, resultParts, resultWords, runsOf, runWords, statsWords} from '../../Sources/CDashboard/web/core/chain.js';
import {measuredWords, spanOf, spanText, stepWords, STRATEGIES} from '../../Sources/CDashboard/web/core/strategies.js';

const SERVED = `{"id":"c1","name":"payments to backup","version":3,"enabled":false,
    "match":{"task_type":"payment.capture","agent_id":null,"error_types":["timeout"],"min_amount":"10.00","user_id":null},"task_id":null,
    "steps":[{"strategy":"wait_and_retry","delay_ms":90000,"when":null},{"strategy":"modify_input","patch":{"big":9007199254740993,"price":0.10},"when":{"error_types":["validation_error"]}},
        {"strategy":"use_output","output":null,"when":null},{"strategy":"compensate","task":{"type":"payment.refund","agent_id":null,"input":{"n":12345678901234567890},"priority":3},"when":null},
        {"strategy":"escalate","message":"Why?","timeout_ms":3600000,"then":"continue","when":null},{"strategy":"retry","max_attempts":2,"future":[1.50],"when":null}],"user_id":"admin"}`;

test('what comes goes out again, exact in every number', () => {
    const {text, faults} = bodyOf(formOf(SERVED));
    assert.deepEqual(faults, []);
    assert.match(text, /"big": 9007199254740993,\s+"price": 0\.10/);
    assert.match(text, /12345678901234567890/);
    assert.match(text, /"future":\[1\.50\]/);
    assert.deepEqual(JSON.parse(text), {
        name: 'payments to backup', enabled: false, match: {task_type: 'payment.capture', error_types: ['timeout'], min_amount: '10.00'},
        steps: [{strategy: 'wait_and_retry', delay_ms: 90000}, {strategy: 'modify_input', patch: {big: 9007199254740993, price: 0.1}, when: {error_types: ['validation_error']}},
            {strategy: 'use_output', output: null}, {strategy: 'compensate', task: {type: 'payment.refund', input: {n: 12345678901234567890}, priority: 3}},
            {strategy: 'escalate', message: 'Why?', timeout_ms: 3600000, then: 'continue'}, {strategy: 'retry', max_attempts: 2, future: [1.5]}],
    });
});

test('a chain is for what matches, for who names it, or for one task', () => {
    const form = {...emptyChain({name: 'x', steps: ['switch_agent']})};
    assert.deepEqual(JSON.parse(bodyOf(form).text), {name: 'x', enabled: true, match: {}, steps: [{strategy: 'switch_agent'}]});
    assert.deepEqual(JSON.parse(bodyOf({...form, binding: 'named'}).text), {name: 'x', enabled: true, steps: [{strategy: 'switch_agent'}]});
    assert.deepEqual(JSON.parse(bodyOf({...form, binding: 'task', taskID: ' t1 '}).text).task_id, 't1');
    assert.equal(formOf('{"name":"x","task_id":"t1","match":null,"steps":[]}').binding, 'task');
    assert.equal(formOf('{"name":"x","task_id":null,"match":null,"steps":[]}').binding, 'named');
});

test('a test takes the draft as it stands', () => {
    const {text} = draftOf({...emptyChain({steps: ['retry']}), binding: 'named'}, '2026-01-01T00:00:00.000Z');
    assert.deepEqual(JSON.parse(text), {steps: [{strategy: 'retry'}], since: '2026-01-01T00:00:00.000Z'});
});

test('what the form itself finds wrong stands where the server would put it', () => {
    const form = emptyChain({name: 'x'});
    form.steps = [{...emptyStep('retry'), values: {max_attempts: 'two', delay_ms: 'soon'}}, {...emptyStep('modify_input'), values: {patch: '{"a": '}}, {...emptyStep('compensate'), values: {task: {type: 'a', agent_id: '', input: 'x', rest: []}}}];
    assert.deepEqual(bodyOf(form).faults.map((fault) => fault.pointer), ['/steps/0/max_attempts', '/steps/0/delay_ms', '/steps/1/patch', '/steps/2/task/input']);
});

test('a step is moved', () => {
    assert.deepEqual(moved(['a', 'b', 'c'], 0, 2), ['b', 'c', 'a']);
    assert.deepEqual(moved(['a', 'b', 'c'], 2, 0), ['c', 'a', 'b']);
});

test('a time is typed as people write it, and comes back exact', () => {
    assert.equal(spanOf('30 s'), 30_000);
    assert.equal(spanOf('1.5min'), 90_000);
    assert.equal(spanOf(' '), null);
    assert.ok(Number.isNaN(spanOf('30')));
    for (const value of [1, 999, 1_000, 90_000, 3_600_000, 86_400_000, 12_345]) assert.equal(spanOf(spanText(value)), value);
});

test('few tries say nothing', () => {
    assert.deepEqual(measuredWords(null), {text: 'mends nothing itself', rate: null});
    assert.deepEqual(measuredWords({tried: 0, recovered: 0, success_rate: null}), {text: 'not tried here yet', rate: null});
    assert.deepEqual(measuredWords({tried: 3, recovered: 2, success_rate: null}), {text: '2 of 3, too few to say', rate: null});
    assert.deepEqual(measuredWords({tried: 40, recovered: 31, success_rate: 0.775}), {text: '78 %: 31 of 40', rate: 0.775});
});

test('each strategy says what it does, and a step what it is to do', () => {
    for (const [name, one] of Object.entries(STRATEGIES)) assert.ok(one.does.endsWith('.'), name);
    assert.equal(stepWords({strategy: 'wait_and_retry', delay_ms: 30_000, when: {error_types: ['rate_limit', 'timeout']}}), 'wait 30 s, only on rate limit or timeout');
    assert.equal(stepWords({strategy: 'modify_input', patch: {a: 1, b: 2}, when: null}), 'sets a, b');
    assert.equal(stepWords({strategy: 'escalate', message: 'Why?', timeout_ms: 3_600_000, then: 'fail', when: null}), '“Why?”, wait at most 1 h, if nobody answers, it fails');
    assert.equal(stepWords({strategy: 'switch_agent', agent_id: null, when: null}), '');
    assert.equal(stepWords({strategy: 'retry', max_attempts: 1, delay_ms: 0, when: null}), '', 'what is usual goes without saying');
    assert.equal(stepWords({strategy: 'retry', max_attempts: 3, delay_ms: 0, when: null}), 'attempts 3');
});

test('for whom a chain is, and what came of it', () => {
    assert.equal(matchWords({match: {task_type: 'a.b', error_types: ['timeout', 'server_error'], min_amount: '10'}}), 'for type a.b, timeout or server error, amounts from 10 up');
    assert.equal(matchWords({match: {error_types: []}}), 'for every failure');
    assert.equal(matchWords({match: null, task_id: null}), 'for tasks that name it');
    assert.equal(statsWords({started: 0}), 'has not run yet');
    assert.equal(statsWords({started: 3, recovered: 2, success_rate: null}), 'recovered 2 of 3 tasks, too few to say');
    assert.equal(statsWords({started: 40, recovered: 31, success_rate: 0.775}), 'recovered 31 of 40 tasks, 78 %');
});

const strategies = ['wait_and_retry', 'modify_input', 'switch_agent', 'escalate'];
const event = (type, data = {}) => ({type, data, at: '2026-01-01T00:00:00.000Z', actor: 'user:ada'});
const begun = [event('fallback_started', {chain_id: 'c', name: 'backup', version: 2, steps: 4, strategies, trigger: 'attempt_failed'}), event('fallback_step_started', {step: 1, strategy: 'wait_and_retry', agent_id: 'a'}),
    event('attempt_started', {number: 2, fallback_step: 1}), event('fallback_step_failed', {step: 1, strategy: 'wait_and_retry', duration_ms: 40, error: {message: 'no'}})];
const states = (events) => runsOf(events).at(-1).steps.map((step) => step.state);

test('a task is followed through its chain', () => {
    assert.deepEqual(runsOf([event('task_created')]), []);
    const third = [...begun, event('fallback_step_started', {step: 3, strategy: 'switch_agent', agent_id: 'b'}), event('attempt_started', {number: 3})];
    assert.deepEqual(states(third), ['failed', 'skipped', 'running', 'ahead']);
    assert.deepEqual(runsOf(third)[0].steps[0].attempts, [2]);
    assert.equal(runWords(runsOf(third)[0]), 'Step 3 of 4 of “backup” is under way.');
    const healed = [...third, event('fallback_step_succeeded', {step: 3, duration_ms: 9}), event('fallback_succeeded', {step: 3}), event('task_completed')];
    assert.deepEqual(states(healed), ['failed', 'skipped', 'done', 'spared']);
    assert.equal(runWords(runsOf(healed)[0]), '“backup” mended the task at step 3 of 4.');
});

test('a question waits, and is answered or not', () => {
    const asked = [...begun, event('fallback_step_started', {step: 4, strategy: 'escalate'}), event('task_escalated', {step: 4, message: 'Why?', until: null, then: 'fail'})];
    assert.deepEqual(states(asked), ['failed', 'skipped', 'skipped', 'waiting']);
    const answered = runsOf([...asked, event('task_resumed', {action: 'retry', note: 'go on'})])[0];
    assert.equal(answered.steps[3].state, 'running', 'the person gave it one attempt');
    assert.deepEqual(answered.steps[3].answer, {action: 'retry', note: 'go on', by: 'user:ada'});
    const late = [...asked, event('task_resumed', {action: 'timed_out'}), event('fallback_exhausted', {}), event('task_failed')];
    assert.deepEqual(states(late), ['failed', 'skipped', 'skipped', 'failed']);
    assert.equal(runsOf(late)[0].state, 'exhausted');
});

test('another round leaves the chain, and may begin it anew', () => {
    const again = runsOf([...begun, event('task_requeued'), event('fallback_started', {chain_id: 'c', name: 'backup', steps: 2})]);
    assert.deepEqual(again.map((run) => run.state), ['left', 'running']);
    assert.equal(again[1].steps.length, 2);
});

test('a test says what it cannot know', () => {
    const result = {examined: 70, matched: 40, would_recover: 31, would_not: 2, unknown: 6, escalated: 1, discarded: 0, estimated_rate: 0.6};
    assert.deepEqual(resultWords(result), ['Would have recovered 31 of 40.', '6 of them are unknown: a step that was never tried here says nothing. By what was measured, about 60 % of such would recover.']);
    assert.equal(resultParts(result).reduce((sum, part) => sum + part.count, 0), 40);
    assert.deepEqual(resultWords({examined: 0, matched: 0}), ['There was no failure in this time.']);
    assert.deepEqual(resultWords({examined: 3, matched: 0}), ['None of 3 failures in this time is one that it runs for.']);
});
