// The money of a task: what it is, how loud its failure is and why, and what happened to it.

import {h, replace} from '../../core/dom.js';
import {money, words} from '../../core/format.js';
import {severity} from '../../core/rules.js';
import {href} from '../../core/router.js';
import {timeOf} from '../../core/time.js';
import {empty} from '../../components/empty.js';
import {eventMark, severityMark} from '../../components/state.js';
import {card} from './overview.js';

/** What moved money, or may have, or says that it did not. */
const MONEY = new Set(['task_created', 'attempt_success', 'attempt_failed', 'attempt_abandoned', 'late_result', 'task_completed', 'task_failed',
    'moved_to_dlq', 'task_cancelled', 'alert_raised', 'alert_resolved', 'dead_letter_resolved', 'dead_letter_discarded', 'task_requeued', 'input_edited']);

export function paymentView(model) {
    const element = h('div', {class: 'task-grid is-halves'});
    let drawn = null;
    return {
        element,
        update() {
            const {task, events} = model;
            const signature = `${task.version} ${events.length}`;
            if (signature === drawn) return;
            drawn = signature;
            replace(element, task.payment ? parts(task, events) : none(task));
        },
    };
}

function none(task) {
    const {severity: name, why} = severity(null, task.type);
    return h('div', {class: 'card is-whole'}, empty('money', 'No money is named', `This task was made without a payment. Should it fail, the alert is ${name}: ${why.replace(/^\w+ because /, 'because ')}. `
        + 'A task that moves money says so when it is made, by its member “payment”.'));
}

function parts(task, events) {
    const {payment} = task;
    const implied = severity(payment, task.type);
    const raised = events.findLast((event) => event.type === 'alert_raised');
    const fact = (name, value, kind = '') => value ? [h('dt', {}, name), h('dd', {class: kind}, value)] : null;
    return [
        h('section', {class: 'card'}, h('div', {class: 'card-body payment'},
            h('p', {class: 'payment-amount'}, money(payment)),
            h('p', {class: 'muted'}, `${words(payment.kind)}, ${payment.currency}`),
            h('dl', {class: 'facts'}, fact('Reference', payment.reference, 'mono'), fact('Payer', payment.payer), fact('Payee', payment.payee),
                [h('dt', {}, 'More'), h('dd', {}, h('a', {href: href('/tasks', {q: `amount:>=${payment.amount}`})}, 'Payments of at least this amount'))]))),
        card('How loud its failure is', h('div', {class: 'card-body'},
            h('p', {class: 'payment-severity'}, severityMark(implied.severity, {badge: true})), h('p', {}, `It is ${implied.why}.`),
            raised && raised.data.severity !== implied.severity ? h('p', {class: 'muted'}, `The alert that was raised is ${raised.data.severity}: thresholds are configured per currency.`) : null,
            h('p', {class: 'muted'}, 'Critical: from 100 on, unless configured otherwise. High: payments and withdrawals. Medium: all else.'))),
        card('What happened to the money', h('div', {class: 'card-body'}, h('ol', {class: 'money-events'}, events.filter((event) => MONEY.has(event.type)).map((event) =>
            h('li', {}, h('span', {class: 'money-time muted'}, timeOf(event.at)), eventMark(event.type),
                h('a', {class: 'money-text', href: `?${link(event.seq)}`, data: {replace: ''}}, event.message), certainty(event))))), 'is-whole'),
    ];
}

function link(seq) {
    const params = new URLSearchParams(location.search);
    params.set('tab', 'timeline');
    params.set('event', seq);
    return params.toString();
}

/** For money it matters whether the agent can have seen the request. */
function certainty(event) {
    const sent = event.data?.error?.sent;
    if (!event.type.startsWith('attempt_') || !sent) return null;
    return h('span', {class: 'faint'}, {no: 'It never reached the agent: no money can have moved.', maybe: 'The agent may have seen it: check before you pay again.', yes: 'The agent has seen it.'}[sent]);
}
