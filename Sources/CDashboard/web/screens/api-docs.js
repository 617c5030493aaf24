// The API's reference, made from the document that the server hands out: open to everyone, as the document is.

import {h, Part, define, replace} from '../core/dom.js';
import {bowl} from '../core/icons.js';
import {failure, loading} from '../components/empty.js';
import {copyButton} from '../components/copy.js';
import {curl, deref, prose, sample, shapeOf} from '../core/openapi.js';

class APIDocs extends Part {
    mount() {
        document.title = 'API – Kintsugi';
        replace(this, h('main', {class: 'docs'}, loading(12)));
        this.load();
    }

    async load() {
        try {
            const response = await fetch('/openapi.json', {signal: this.signal});
            if (!response.ok) throw new Error(`The server answered ${response.status}.`);
            this.show(await response.json());
        } catch (error) {
            if (error.name !== 'AbortError') replace(this, h('main', {class: 'docs'}, failure(error, () => this.load())));
        }
    }

    show(document_) {
        const groups = document_.tags.map((tag) => ({...tag, operations: operationsOf(document_, tag.name)})).filter((tag) => tag.operations.length);
        const find = h('input', {class: 'input', type: 'search', placeholder: 'Find an operation', 'aria-label': 'Find an operation', on: {input: () => this.filter(find.value)}});
        this.items = [];
        replace(this, h('div', {class: 'docs'},
            h('nav', {class: 'docs-nav', 'aria-label': 'Operations'}, h('a', {class: 'rail-sign', href: '/'}, bowl(), 'Kintsugi'), find,
                groups.map((tag) => h('section', {}, h('h2', {}, tag.name), h('ul', {}, tag.operations.map((one) => this.item(one, h('li', {},
                    h('a', {href: `#${one.operationId}`}, method(one.method), h('span', {}, one.summary))))))))),
            h('main', {class: 'docs-main'}, h('h1', {}, `${document_.info.title} ${document_.info.version}`), paragraphs(document_.info.description ?? document_.info.summary),
                h('p', {}, h('a', {href: '/openapi.json', download: 'openapi.json'}, 'The OpenAPI document')),
                groups.map((tag) => h('section', {}, h('h2', {class: 'docs-tag'}, tag.name), paragraphs(tag.description),
                    tag.operations.map((one) => this.item(one, operation(one, document_))))))));
        if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
    }

    item(operation_, element) {
        this.items.push({text: `${operation_.method} ${operation_.path} ${operation_.summary} ${operation_.operationId}`.toLowerCase(), element});
        return element;
    }

    filter(text) {
        for (const item of this.items) item.element.hidden = !item.text.includes(text.trim().toLowerCase());
    }
}
define('k-api-docs', APIDocs);

function operationsOf(document_, tag) {
    return Object.entries(document_.paths).flatMap(([path, item]) => Object.entries(item)
        .filter(([, one]) => one.tags?.includes(tag)).map(([name, one]) => ({...one, method: name.toUpperCase(), path, parameters: [...(item.parameters ?? []), ...(one.parameters ?? [])]})));
}

function method(name) { return h('span', {class: `docs-method tone-${{GET: 'accent', POST: 'glaze', DELETE: 'crack'}[name] ?? 'copper'}`}, name); }

/** Sentences with `code` in them, and lists. */
function paragraphs(text) {
    return prose(text ?? '').map((block) => {
        const inline = (line) => line.map((part) => part.isCode ? h('code', {}, part.text) : part.text);
        return block.isList ? h('ul', {class: 'docs-list'}, block.lines.map((line) => h('li', {}, inline(line)))) : h('p', {}, inline(block.lines[0]));
    });
}

function operation(one, document_) {
    const body = deref(one.requestBody, document_)?.content?.['application/json'];
    const example = sample(body, document_);
    const command = curl(one, example, location.origin);
    return h('article', {class: 'card docs-operation', id: one.operationId},
        h('h3', {class: 'card-head'}, method(one.method), h('code', {class: 'docs-path'}, one.path), h('span', {class: 'push muted'}, one['x-required-role'] ? `from ${one['x-required-role']} up` : '')),
        h('div', {class: 'card-body form'}, h('p', {}, h('strong', {}, one.summary)), paragraphs(one.description),
            part('Parameters', one.parameters.map((parameter) => deref(parameter, document_)).map((parameter) => [parameter.name, shapeOf(parameter.schema, document_), parameter.description, parameter.required])),
            body ? part('Body', members(body.schema, document_)) : null,
            h('div', {class: 'docs-code'}, h('pre', {tabindex: '0'}, command), copyButton(command, 'Copy the command')),
            h('details', {}, h('summary', {}, 'Answers'), h('dl', {class: 'facts docs-answers'}, Object.entries(one.responses).map(([status, response]) =>
                [h('dt', {}, status), h('dd', {}, paragraphs(deref(response, document_)?.description))]))),
            ...Object.entries(one.responses).filter(([status]) => status.startsWith('2')).map(([, response]) => {
                const schema = deref(response, document_)?.content?.['application/json']?.schema;
                return schema ? h('details', {}, h('summary', {}, 'Members of the answer'), table(members(schema, document_))) : null;
            })));
}

function members(schema, document_) {
    const whole = deref(schema, document_);
    const all = [whole, ...(whole?.allOf ?? []).map((one) => deref(one, document_))];
    return all.flatMap((one) => Object.entries(one?.properties ?? {}).map(([name, value]) => {
        const plain = deref(value, document_);
        return [name, shapeOf(value, document_), value.description ?? plain?.description, one.required?.includes(name)];
    }));
}

function part(title, rows) { return rows.length ? h('div', {}, h('h4', {}, title), table(rows, title)) : null; }

function table(rows, label = 'Members') {
    return h('div', {class: 'scroll-x'}, h('table', {class: 'table docs-table', 'aria-label': label}, h('thead', {}, h('tr', {}, ['Name', 'Shape', 'Meaning'].map((name) => h('th', {scope: 'col'}, name)))),
        h('tbody', {}, rows.map(([name, shape, text, isRequired]) => h('tr', {}, h('td', {}, h('code', {}, name), isRequired ? h('span', {class: 'faint'}, ' required') : null),
            h('td', {class: 'muted'}, shape), h('td', {}, paragraphs(text)))))));
}

