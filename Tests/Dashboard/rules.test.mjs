import {test} from 'node:test';
import assert from 'node:assert/strict';
import {decided, severity} from '../../Sources/CDashboard/web/core/rules.js';

test('a status decides by the table', () => {
    assert.equal(decided({type: 'server_error', class: 'retryable', http_status: 503}), 'HTTP 503 counts as server_error, which is retryable.');
    assert.equal(decided({type: 'validation_error', class: 'permanent', http_status: 422}), 'HTTP 422 counts as validation_error, which is permanent.');
    assert.equal(decided({type: 'rate_limit', class: 'retryable', http_status: 429}), 'HTTP 429 counts as rate_limit, which is retryable, but not before Retry-After.');
    assert.equal(decided({type: 'timeout', class: 'retryable', http_status: 504}), 'HTTP 504 counts as timeout, which is retryable.');
});

test('what has no status has a cause', () => {
    assert.equal(decided({type: 'timeout', class: 'retryable', http_status: null}), 'No answer within the attempt’s time counts as timeout, which is retryable.');
    assert.equal(decided({type: 'agent_reported', class: 'permanent', http_status: null}), 'The agent itself reported the failure counts as agent_reported, which it said is permanent.');
    assert.equal(decided(null), '');
});

test('an agent’s own rule is told', () => {
    assert.match(decided({type: 'server_error', class: 'permanent', http_status: 500}), /which is permanent \(the usual rule says retryable; this agent has its own\)/);
});

test('severity follows amount, kind, then the type’s words', () => {
    const of = (amount, kind, type = 'a.b') => severity({amount, currency: 'USD', kind}, type).severity;
    assert.equal(of('100', 'donation'), 'critical');
    assert.equal(of('99.99', 'payment'), 'high');
    assert.equal(of('0099.99', 'donation'), 'medium');
    assert.equal(of('1', 'donation', 'card_payment-x'), 'high');
    assert.equal(severity(null, 'repayment.x').severity, 'medium');
    assert.equal(severity(null, 'my-withdrawal').severity, 'high');
    assert.match(severity({amount: '250.00', currency: 'USD', kind: 'payment'}, 'x').why, /critical because \$250\.00 is at least 100/);
});
