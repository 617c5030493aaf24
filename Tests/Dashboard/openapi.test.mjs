import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {curl, deref, prose, sample, shapeOf} from '../../Sources/CDashboard/web/core/openapi.js';

const document = JSON.parse(readFileSync(new URL('../../Sources/CDashboard/web/openapi.json', import.meta.url), 'utf8'));

test('every reference in the document leads somewhere, and every shape has words', () => {
    let count = 0;
    const walk = (node) => {
        if (node === null || typeof node !== 'object') return;
        if (node.$ref) { count += 1; assert.ok(deref(node, document), node.$ref); }
        for (const value of Object.values(node)) walk(value);
    };
    walk(document);
    assert.ok(count > 100);
    for (const schema of Object.values(document.components.schemas)) for (const value of Object.values(schema.properties ?? {})) assert.ok(shapeOf(value, document));
});

test('a command quotes what it sends', () => {
    const text = curl({method: 'POST', path: '/x'}, '{"a":"it\'s"}', 'http://h');
    assert.equal(text, `curl -s -X POST 'http://h/x' \\\n  -H "Authorization: Bearer $KINTSUGI_KEY" \\\n  -H 'Content-Type: application/json' \\\n  -d '{"a":"it'\\''s"}'`);
    assert.equal(curl({method: 'GET', path: '/livez', security: []}, null, 'http://h'), "curl -s 'http://h/livez'");
    assert.equal(sample(null, document), null);
});

test('code and lists are told apart in prose', () => {
    assert.deepEqual(prose('See `a`.\n\n- one\n- `two`'), [
        {isList: false, lines: [[{text: 'See ', isCode: false}, {text: 'a', isCode: true}, {text: '.', isCode: false}]]},
        {isList: true, lines: [[{text: 'one', isCode: false}], [{text: 'two', isCode: true}]]}]);
});
