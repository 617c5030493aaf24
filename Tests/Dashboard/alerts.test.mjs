// Alerts, channels and silences in words.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {causeOf, CHANNELS, deliveryWords, matchWords, nextHour, quietWords, toldWords} from '../../Sources/CDashboard/web/core/alerts.js';
import {bySeverity} from '../../Sources/CDashboard/web/core/rules.js';

test('the most severe comes first, then the newest', () => {
    const alert = (id, severity, minute) => ({id, severity, last_raised_at: `2026-01-01T00:0${minute}:00.000Z`});
    assert.deepEqual(bySeverity([alert('a', 'medium', 9), alert('b', 'critical', 1), alert('c', 'high', 5), alert('d', 'critical', 2)]).map((one) => one.id), ['d', 'b', 'c', 'a']);
});

test('an alert leads to where its cause is mended', () => {
    assert.deepEqual(causeOf({kind: 'task', cause: '00ff', count: 212}), {path: '/dead-letters', params: {view: 'entries', group: '00ff'}, label: 'Its 212 dead letters'});
    assert.equal(causeOf({kind: 'breaker', provider: 'acme'}).params.provider, 'acme');
    assert.equal(causeOf({kind: 'channel', provider: 'kintsugi-channel-c1'}).params.channel, 'c1');
    assert.equal(causeOf({kind: 'task', cause: null}), null);
});

test('who was told, and why nobody was', () => {
    assert.equal(toldWords({notifications: {sent: 2}, silenced: false}), '2 notifications went out.');
    assert.equal(toldWords({notifications: {sent: 0}, silenced: true}), 'Nobody is told: it is silenced.');
    assert.equal(toldWords({notifications: null}), 'No channel was told.');
});

test('matches, quiet hours and deliveries in words', () => {
    assert.equal(matchWords({agent_id: 'acme', error_type: 'server_error', cause: null}), 'agent acme, error server error');
    assert.equal(matchWords({cause: '00ff', max_severity: 'high'}), 'one cause, up to high');
    assert.equal(matchWords(null), 'every alert');
    assert.equal(quietWords({from: '22:00', to: '07:00', utc_offset_minutes: 330, min_severity: 'critical'}), '22:00 to 07:00 (UTC+5:30), but for critical');
    assert.equal(quietWords({from: '22:00', to: '07:00', utc_offset_minutes: -60, min_severity: 'high'}), '22:00 to 07:00 (UTC−1), but for high');
    assert.equal(quietWords(null), null);
    assert.equal(deliveryWords({event: 'alert.raised', reason: 'count'}), 'raised: more tasks');
    assert.equal(deliveryWords({event: 'alert.test', reason: 'test'}), 'test');
});

test('every kind of channel says what it does', () => {
    assert.deepEqual(Object.keys(CHANNELS), ['webhook', 'slack', 'pagerduty', 'email', 'alertmanager', 'log']);
    for (const [kind, one] of Object.entries(CHANNELS)) assert.ok(one.label && one.does.endsWith('.'), kind);
});

test('the next morning is after now', () => {
    const at = Date.parse('2026-01-01T09:30:00Z');
    assert.equal(new Date(nextHour(8, at, true)).toISOString(), '2026-01-02T08:00:00.000Z');
    assert.equal(new Date(nextHour(10, at, true)).toISOString(), '2026-01-01T10:00:00.000Z');
});
