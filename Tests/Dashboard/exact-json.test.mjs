import {test} from 'node:test';
import assert from 'node:assert/strict';
import {compact, find, member, path, plain, pretty, read, visible} from '../../Sources/CDashboard/web/core/exact-json.js';

test('numbers stay as they were written', () => {
    const text = '{"big":9223372036854775807,"money":0.1000,"tiny":-1.5e-400,"zero":-0}';
    assert.equal(compact(read(text)), text);
    assert.equal(member(read(text), 'big').text, '9223372036854775807');
});

test('pretty text has the same values, and reads back', () => {
    const text = '{"a":[1,{"b":[]},{}],"c":"x\\ny","d":null}';
    assert.equal(compact(read(pretty(read(text)))), text);
    assert.equal(pretty(read('{"a":[1.0]}')), '{\n  "a": [\n    1.0\n  ]\n}');
});

test('it agrees with the browser on what is JSON', () => {
    const good = ['1', '-0.5', '"x"', 'true', ' null ', '[]', '{}', '[1,2]', '{"a":{"b":[true,false,null]}}', '"\\u00e9\\n"',
        '[[],[[]]]', '{"a":1,"a":2}', '1E5', '[\n1\t,\r2 ]'];
    for (const text of good) assert.deepEqual(plain(read(text)), JSON.parse(text), text);
    const bad = ['', ' ', '01', '1.', '.5', '+1', '-', '1e', 'nul', 'truex', '"a', '"\n"', '"\\x"', '[1,]', '[,1]', '{a:1}', '{"a"}', '{"a":}',
        '{"a":1,}', '[1 2]', '1 2', '[', '{', '{"a"', ']', "'a'", 'NaN', '[1}', '{"a":1]', '"\\ud8"', 'undefined'];
    for (const text of bad) {
        assert.throws(() => JSON.parse(text), undefined, text);
        assert.throws(() => read(text), /line \d+, column \d+/, text);
    }
});

test('a fault says where it is', () => {
    assert.throws(() => read('{\n  "a": 1,\n  b: 2\n}'), {line: 3, column: 3});
});

test('depth is limited, and no depth exhausts the stack', () => {
    const nested = (depth) => '['.repeat(depth) + ']'.repeat(depth);
    assert.equal(compact(read(nested(64))), nested(64));
    assert.throws(() => read(nested(65)), /deeper than 64/);
    assert.throws(() => read(nested(500_000)), /deeper than 64/);
    assert.equal(compact(read(nested(70), {deepest: 72})), nested(70));
});

test('every value knows its place in the text', () => {
    const text = ' {"a": [1, {"b": 2.50}] } ';
    const value = member(read(text), 'a').items[1];
    assert.equal(text.slice(value.start, value.end), '{"b": 2.50}');
    const root = read(text);
    assert.equal(text.slice(root.start, root.end), text.trim());
});

test('members keep their order, doubles and strange names', () => {
    assert.equal(compact(read('{"b":1,"a":2,"b":3,"__proto__":4,"2":5,"1":6}')), '{"b":1,"a":2,"b":3,"__proto__":4,"2":5,"1":6}');
});

test('what cannot be seen is written out', () => {
    const text = (value) => visible(value).map((part) => part.isEscape ? `<${part.text}>` : part.text).join('');
    assert.equal(text('a\u0000b\u001b[31m'), 'a<\\u0000>b<\\u001b>[31m');
    assert.equal(text('x\u202ey\u2066z\u200b'), 'x<\\u202e>y<\\u2066>z<\\u200b>');
    assert.equal(text('line\nnext\ttab'), 'line<\\n>next<\\t>tab');
    assert.equal(text('\ud800 and 😀'), '<\\ud800> and 😀');
    assert.equal(text('<script>alert(1)</script>'), '<script>alert(1)</script>');
});

test('values are found by key and by text, wherever they stand', () => {
    const value = read('{"Payer":{"name":"Ada"},"lines":[{"sku":"ada-1"},2]}');
    assert.deepEqual(find(value, 'ada').map(path), ['$.Payer.name', '$.lines[0].sku']);
    assert.deepEqual(find(value, 'payer').map(path), ['$.Payer']);
});

test('paths quote what is no name', () => {
    assert.equal(path(['a', 0, 'unit price', 'x"y']), '$.a[0]["unit price"]["x\\"y"]');
});
