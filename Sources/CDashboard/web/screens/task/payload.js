// Input and output, exactly as they came.

import {h, replace} from '../../core/dom.js';
import {icon} from '../../core/icons.js';
import {session} from '../../core/session.js';
import {jsonView} from '../../components/json-view.js';
import {editAndRetry} from './edit-and-retry.js';
import {mayRetry} from './header.js';

export function payloadView(model) {
    const input = h('div', {class: 'card-body is-flush'});
    const output = h('div', {class: 'card-body is-flush'});
    const edit = h('button', {class: 'button is-small push', type: 'button', on: {click: () => editAndRetry(model.task, model.payload('input'))}}, icon('edit'), 'Edit and retry');
    const edits = h('p', {class: 'muted card-foot', hidden: true});
    const element = h('div', {class: 'payloads'},
        h('section', {class: 'card'}, h('div', {class: 'card-head'}, h('h3', {}, 'Input'), edit), input, edits),
        h('section', {class: 'card'}, h('div', {class: 'card-head'}, h('h3', {}, 'Output')), output));
    let shown = {};
    return {
        element,
        update() {
            const {task, events, text} = model;
            edit.hidden = !session.mayAct || !mayRetry(task);
            const changes = events.filter((event) => event.type === 'input_edited');
            edits.hidden = changes.length === 0;
            if (changes.length) replace(edits, `Edited ${changes.length === 1 ? 'once' : `${changes.length} times`}: `, changes.map((event, index) =>
                [index > 0 ? ', ' : null, h('a', {href: `?${eventLink(event.seq)}`, data: {replace: ''}}, `before and after in event ${event.seq}`)]));
            if (shown.from === text && shown.status === task.status) return;
            for (const [name, body, label] of [['input', input, 'Input'], ['output', output, 'Output']]) {
                const payload = model.payload(name);
                const signature = `${payload?.text} ${name === 'output' ? task.status : ''}`;
                if (shown[name] === signature) continue;
                shown[name] = signature;
                replace(body, content(model, name, payload, label));
            }
            shown.from = text;
            shown.status = task.status;
        },
    };
}

function eventLink(seq) {
    const params = new URLSearchParams(location.search);
    params.set('tab', 'timeline');
    params.set('event', seq);
    return params.toString();
}

function content(model, name, payload, label) {
    const {task} = model;
    if (name === 'output' && task.status !== 'completed') {
        return h('p', {class: 'muted payload-none'}, {failed: 'It failed: there is no output.', cancelled: 'It was cancelled: there is no output.'}[task.status] ?? 'There is none yet; it comes when the task completes.');
    }
    if (!payload) return h('p', {class: 'muted payload-none'}, 'It is nested too deep to be shown as a tree; the API has it.');
    if (payload.value.kind === 'word' && payload.value.text === 'null') return h('p', {class: 'muted payload-none'}, h('code', {}, 'null'), name === 'output' ? ': the agent answered without a body.' : ': it was made without one.');
    return jsonView(payload, {label, name: `${task.id}-${name}.json`});
}
