// A task as other people and programs want it: texts for the clipboard. Pure but for the place of the server.

import {money, span} from '../../core/format.js';

/** A text as one word of a POSIX shell. */
export function quoted(text) { return `'${String(text).replaceAll("'", `'\\''`)}'`; }

/** `[{label, hint, text}]` of a task at this server. */
export function copies(task, origin) {
    return [
        {label: 'Link', text: `${origin}/tasks/${task.id}`},
        {label: 'Id', text: task.id},
        {label: 'cURL', text: `curl -s -H "Authorization: Bearer $KINTSUGI_KEY" ${quoted(`${origin}/api/v1/tasks/${task.id}`)}`},
        {label: 'Swift snippet', text: swift(task, origin)},
        {label: 'Markdown for a ticket', text: markdown(task, origin)},
    ];
}

/** A whole program that compiles as it stands, on Linux too. */
function swift(task, origin) {
    return [
        'import Foundation', '#if canImport(FoundationNetworking)', '    import FoundationNetworking', '#endif', '',
        `var request = URLRequest(url: URL(string: ${JSON.stringify(`${origin}/api/v1/tasks/${task.id}`)})!)`,
        'let key = ProcessInfo.processInfo.environment["KINTSUGI_KEY"] ?? ""',
        'request.setValue("Bearer \\(key)", forHTTPHeaderField: "Authorization")',
        'let (data, _) = try await URLSession.shared.data(for: request)',
        'print(String(decoding: data, as: UTF8.self))',
    ].join('\n');
}

/** A summary for a ticket. What comes from outside stands in code, so that it cannot become markup. */
export function markdown(task, origin) {
    const code = (text) => {
        const one = String(text).replace(/\s+/g, ' ');
        const fence = '`'.repeat(Math.max(0, ...[...one.matchAll(/`+/g)].map((found) => found[0].length)) + 1);
        const space = /^`|`$/.test(one) ? ' ' : '';
        return fence + space + one + space + fence;
    };
    const rows = [
        ['Task', `[\`${task.id}\`](${origin}/tasks/${task.id})`], ['Type', code(task.type)], ['Status', `${task.status} (${task.status_reason})`],
        ['Why', code(task.explanation)], task.agent_id ? ['Agent', code(task.agent_id)] : null, ['Owner', code(task.user_id)],
        ['Attempts', `${task.attempt} in ${task.round === 1 ? 'one round' : `${task.round} rounds`}`],
        task.payment ? ['Money', `${money(task.payment)} (${task.payment.kind}${task.payment.reference ? `, ${code(task.payment.reference)}` : ''})`] : null,
        task.error ? ['Last error', `${code(task.error.type)}, ${task.error.class}: ${code(task.error.message)}`] : null,
        ['Created', task.created_at], task.finished_at ? ['Ended', `${task.finished_at}, after ${span(Date.parse(task.finished_at) - Date.parse(task.created_at))}`] : null,
    ].filter(Boolean);
    return [`### ${task.type}: ${task.status}`, '', ...rows.map(([name, text]) => `- **${name}:** ${text}`)].join('\n');
}

/**
 * The agent's call of an attempt as cURL, as far as it is known from here: not its token and not its signature.
 * `input` is the exact text of the input.
 */
export function callAsCurl(task, attempt, agent, input) {
    const url = agent?.callback_url ?? 'AGENT_URL';
    // The key changes with each edited input; from here the number of edits before the attempt is not always known.
    const key = attempt.idempotency_key ?? task.id;
    const body = `{"task_id":${JSON.stringify(task.id)},"type":${JSON.stringify(task.type)},"attempt":${attempt.number},"round":${attempt.round},`
        + `"input":${input},"deadline_at":${JSON.stringify(task.deadline_at)},"metadata":${JSON.stringify(task.metadata ?? {})}}`;
    return [
        `curl -i -X POST ${quoted(url)}`, `-H ${quoted('content-type: application/json')}`, `-H ${quoted(`idempotency-key: ${key}`)}`,
        `-H ${quoted(`webhook-id: ${key}`)}`, `-H ${quoted(`kintsugi-attempt: ${attempt.number}`)}`, `--data-binary ${quoted(body)}`,
    ].join(' \\\n  ');
}
