import {test} from 'node:test';
import assert from 'node:assert/strict';
import {around, facts, lines, tally} from '../../Sources/CDashboard/web/core/diff.js';

const kinds = (a, b) => lines(a, b).map((one) => `${{same: ' ', gone: '-', new: '+'}[one.kind]}${one.text}`);

test('equal texts have no change', () => {
    assert.deepEqual(kinds('a\nb', 'a\nb'), [' a', ' b']);
    assert.deepEqual(tally(lines('a', 'a')), {gone: 0, new: 0});
});

test('a changed line is gone and new, between what stayed', () => {
    assert.deepEqual(kinds('{\n  "n": 1\n}', '{\n  "n": 2\n}'), [' {', '-  "n": 1', '+  "n": 2', ' }']);
});

test('lines that were inserted or removed keep their neighbours', () => {
    assert.deepEqual(kinds('a\nc', 'a\nb\nc'), [' a', '+b', ' c']);
    assert.deepEqual(kinds('a\nb\nc\nb', 'a\nc\nb'), [' a', '-b', ' c', ' b']);
});

test('lines are numbered on both sides', () => {
    assert.deepEqual(lines('a\nb', 'x\nb').map(({before, after}) => [before, after]), [[1, null], [null, 1], [2, 2]]);
});

test('both sides can be put together again, whatever the texts', () => {
    let seed = 7;
    const random = (below) => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed % below; };
    for (let round = 0; round < 200; round += 1) {
        const text = () => Array.from({length: random(9)}, () => 'abc'[random(3)]).join('\n');
        const [a, b] = [text(), text()];
        const changes = lines(a, b);
        assert.equal(changes.filter((one) => one.kind !== 'new').map((one) => one.text).join('\n'), a);
        assert.equal(changes.filter((one) => one.kind !== 'gone').map((one) => one.text).join('\n'), b);
    }
});

test('two very long texts without anything in common are shown as replaced', () => {
    const [a, b] = ['a', 'b'].map((letter) => Array.from({length: 3000}, (_, index) => letter + index).join('\n'));
    assert.deepEqual(tally(lines(a, b)), {gone: 3000, new: 3000});
});

test('what is far from a change is left out and counted', () => {
    const text = Array.from({length: 20}, (_, index) => `line ${index}`).join('\n');
    const kept = around(lines(text, text.replace('line 10', 'LINE 10')), 2);
    assert.deepEqual(kept.map((one) => one.kind), ['skip', 'same', 'same', 'gone', 'new', 'same', 'same', 'skip']);
    assert.equal(kept[0].count, 8);
});

test('facts say which differ', () => {
    assert.deepEqual(facts([['agent', 'a'], ['status', 'failed']], [['agent', 'b'], ['status', 'failed']]),
        [{name: 'agent', left: 'a', right: 'b', differs: true}, {name: 'status', left: 'failed', right: 'failed', differs: false}]);
});
