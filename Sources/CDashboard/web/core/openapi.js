// Reading an OpenAPI document for people. Pure.

/** What a reference points to. */
export function deref(node, document, depth = 0) {
    if (!node?.$ref || depth > 8) return node;
    const found = node.$ref.replace(/^#\//, '').split('/').reduce((at, key) => at?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], document);
    return deref(found, document, depth + 1);
}

/** The shape of a schema in a few words: `string, 1 to 100`, `array of Task`, `one of a, b`. */
export function shapeOf(schema, document) {
    if (!schema) return '';
    const name = schema.$ref ? schema.$ref.split('/').at(-1) : null;
    const plain = deref(schema, document) ?? {};
    if (plain.enum) return plain.enum.map((one) => JSON.stringify(one)).join(' | ').replaceAll('"', '');
    const choices = plain.oneOf ?? plain.anyOf;
    if (choices) return choices.map((one) => shapeOf(one, document)).join(' or ');
    const types = [plain.type ?? []].flat();
    if (types.includes('array')) return `array of ${shapeOf(plain.items, document) || 'anything'}`;
    if (name && types.includes('object')) return name;
    const limits = plain.minimum !== undefined || plain.maximum !== undefined ? `${plain.minimum ?? '…'} to ${plain.maximum ?? '…'}`
        : plain.maxLength !== undefined ? `${plain.minLength ?? 0} to ${plain.maxLength} characters` : plain.format ?? '';
    const standard = plain.default !== undefined ? `default ${JSON.stringify(plain.default)}` : '';
    return [types.join(' or ') || (name ?? 'any JSON'), limits, standard].filter(Boolean).join(', ');
}

/** The first example of a body, as text; null if there is none. */
export function sample(body, document) {
    if (!body) return null;
    const given = Object.values(body.examples ?? {})[0]?.value ?? body.example ?? deref(body.schema, document)?.examples?.[0];
    return given === undefined ? '{}' : JSON.stringify(given);
}

/** A command that makes the call. */
export function curl(operation, body, origin) {
    const method = operation.method === 'GET' ? '' : ` -X ${operation.method}`;
    const key = operation.security?.length === 0 ? '' : ' \\\n  -H "Authorization: Bearer $KINTSUGI_KEY"';
    const sent = body === null ? '' : ` \\\n  -H 'Content-Type: application/json' \\\n  -d '${body.replaceAll("'", "'\\''")}'`;
    return `curl -s${method} '${origin}${operation.path}'${key}${sent}`;
}

/** Blocks of text with `code` told apart: `[{isList, lines: [[{text, isCode}]]}]`. */
export function prose(text) {
    const inline = (line) => line.split('`').map((part, index) => ({text: part, isCode: index % 2 === 1})).filter((part) => part.text);
    return text.split(/\n{2,}/).filter((block) => block.trim()).map((block) => {
        const lines = block.split('\n');
        return lines.every((line) => /^\s*[-*] /.test(line))
            ? {isList: true, lines: lines.map((line) => inline(line.replace(/^\s*[-*] /, '')))}
            : {isList: false, lines: [inline(lines.join(' '))]};
    });
}
