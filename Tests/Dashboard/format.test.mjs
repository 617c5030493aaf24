import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as format from '../../Sources/CDashboard/web/core/format.js';

test('spans have the words of the API, and are never negative', () => {
    const wanted = [[-5, '0 ms'], [0, '0 ms'], [999, '999 ms'], [1000, '1 s'], [3100, '3.1 s'], [119_999, '119.9 s'], [120_000, '2 min'],
        [7_200_000, '2 h'], [172_800_000, '2 d'], [null, '–']];
    for (const [span, text] of wanted) assert.equal(format.span(span), text);
});

test('countdowns end at nought and never before', () => {
    assert.equal(format.countdown(1), '1 s');
    assert.equal(format.countdown(0), '0 s');
    assert.equal(format.countdown(-3000), '0 s');
    assert.equal(format.countdown(125_000), '2:05');
    assert.equal(format.ticking(3_725_000), '1:02:05');
    assert.equal(format.ticking(-1), '0:00');
});

test('money is exact, however long', () => {
    assert.equal(format.money({amount: '12430.00', currency: 'USD'}), '$12,430.00');
    assert.equal(format.money({amount: '123456789012345678901234567890.123456789012345678', currency: 'XYZ'}),
        '123,456,789,012,345,678,901,234,567,890.123456789012345678 XYZ');
    assert.equal(format.addAmounts('0.1', '0.2'), '0.3');
    assert.equal(format.addAmounts('99999999999999999999.99', '0.01'), '100000000000000000000.00');
    assert.equal(format.addAmounts('5', '0.05'), '5.05');
    assert.equal(format.addAmounts('0', '0'), '0');
});

test('amounts are compared as numbers, not as texts', () => {
    assert.ok(format.compareAmounts('100', '99.99') > 0);
    assert.ok(format.compareAmounts('9', '10') < 0);
    assert.equal(format.compareAmounts('100.00', '0100'), 0);
    assert.ok(format.compareAmounts('0.1', '0.09') > 0);
});

test('shares', () => {
    assert.equal(format.percent(0), '0 %');
    assert.equal(format.percent(0.0003), '< 0.1 %');
    assert.equal(format.percent(0.042), '4.2 %');
    assert.equal(format.percent(1), '100 %');
    assert.equal(format.percent(null), '–');
});
