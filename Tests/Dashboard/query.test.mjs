import assert from 'node:assert/strict';
import {test} from 'node:test';
import {age, fault, formatAll, matches, parameters, parse, suggestions} from '../../Sources/CDashboard/web/core/query.js';

const NOW = Date.parse('2026-01-31T12:00:00.000Z');
const params = (text) => parameters(parse(text), NOW);

test('every kind of chip becomes the parameters of the API', () => {
    assert.deepEqual(params('status:failed,cancelled agent:acme type:payment.capture error:timeout user:ann'), {
        status: 'failed,cancelled', agent: 'acme', type: 'payment.capture', error_type: 'timeout', user_id: 'ann'});
    assert.deepEqual(params('attempts:>1 amount:>100.50'), {min_attempts: 2, min_amount: '100.50'});
    assert.deepEqual(params('attempts:3 attempts:>=3'), {min_attempts: 3});
    assert.deepEqual(params('age:>1h'), {created_before: '2026-01-31T11:00:00.000Z'});
    assert.deepEqual(params('age:<10m'), {created_after: '2026-01-31T11:50:00.000Z'});
    assert.deepEqual(params('-type:noise -type:other -agent:b -status:completed'), {
        not_type: 'noise,other', not_agent: 'b', not_status: 'completed'});
    assert.deepEqual(params('metadata.order:42 metadata.a.b:"x y"'), {'metadata.order': '42', 'metadata.a.b': 'x y'});
    assert.deepEqual(params('0197c2'), {q: '0197c2'});
});

test('texts survive the way through chips and back', () => {
    for (const text of ['', 'status:failed', '-type:noise attempts:>1', 'metadata.k:"a b"', 'age:<10m', '"two words"', 'metadata.k:"q\\"q"']) {
        assert.equal(formatAll(parse(text)), text);
        assert.equal(formatAll(parse(formatAll(parse(text)))), text);
    }
});

test('what is wrong with a chip is said, and it is not sent', () => {
    const wrong = ['status:broken', 'colour:red', 'attempts:many', 'amount:lots', 'age:old', '-amount:>1', 'metadata:1', 'agent:', 'attempts:<3'];
    for (const text of wrong) {
        assert.ok(fault(parse(text)[0]), text);
        assert.deepEqual(params(text), {}, text);
    }
    for (const text of ['status:failed', 'age:<2d', 'amount:>0.01', '-error:timeout', 'x']) assert.equal(fault(parse(text)[0]), null, text);
});

test('live tasks are judged as the server would', () => {
    const task = {id: '0197c2aa-1', type: 'payment.capture', status: 'failed', agent_id: 'acme', user_id: 'ann', attempt: 3, created_at: '2026-01-31T10:00:00.000Z',
        payment: {amount: '250.00', reference: 'inv'}, error: {type: 'timeout'}};
    const fits = (text) => matches(parse(text), task, NOW);
    for (const text of ['', 'status:failed', 'attempts:>2', 'amount:>100', 'age:>1h', '-type:noise', 'error:timeout', '0197c2', 'inv', 'metadata.k:v']) assert.equal(fits(text), true, text);
    for (const text of ['status:pending', 'attempts:>3', 'amount:>251', 'age:<1h', '-agent:acme', 'user:bob', 'zzz']) assert.equal(fits(text), false, text);
});

test('suggestions go from fields to values', () => {
    assert.ok(suggestions('st').some((one) => one.text === 'status:'));
    assert.ok(suggestions('status:f').some((one) => one.text === 'status:failed'));
    assert.deepEqual(suggestions('agent:a', {agent: ['acme', 'beta']}).map((one) => one.text), ['agent:acme']);
    assert.ok(suggestions('-').every((one) => !one.text.includes('amount')));
});

test('spans of an age', () => {
    assert.equal(age('90s'), 90_000);
    assert.equal(age('2d'), 172_800_000);
    for (const text of ['', '1', 'h', '-1h', '1y', '1.5h']) assert.equal(age(text), null, text);
});
