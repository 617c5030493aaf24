// Failures of one kind, and entries that come and go. Pure.

import {compareAmounts, words} from '../../core/format.js';

/** `Server error from acme-pay and 2 more`. */
export function titleOf(group) {
    const what = group.title || `${words(group.error_type ?? 'failure')} from ${group.provider ?? 'no agent'}`;
    const text = words(what.slice(0, what.indexOf(' ') + 1 || what.length)) + what.slice(what.indexOf(' ') + 1 || what.length);
    return text[0].toUpperCase() + text.slice(1);
}

/** What is read keeps its place: the groups in the order of `before`, new ones at the end. */
export function inOrder(groups, before) {
    const place = new Map(before.map((id, index) => [id, index]));
    return [...groups].sort((a, b) => (place.get(a.group) ?? Infinity) - (place.get(b.group) ?? Infinity) || 0);
}

/** Whether an entry belongs into a list of these filters. */
export function fits(entry, {agent, error_type: error, task_type: type, min_amount: least, group}) {
    return (!agent || entry.agent_id === agent) && (!error || entry.error?.type === error) && (!type || entry.task_type === type)
        && (!group || entry.error_group === group) && (!least || !!entry.payment && compareAmounts(entry.payment.amount, least) >= 0);
}

/** The entry that an event of `moved_to_dlq` made, as far as the event tells. */
export function entryOf(event) {
    const {task, data} = event;
    return {
        id: data.failed_task_id, task_id: event.task_id, status: 'pending', reason: data.reason, error_group: data.error_group,
        agent_id: task.agent_id, task_type: task.type, user_id: task.user_id, error: task.error, attempts: task.round_attempt,
        payment: task.payment, failed_at: event.at, closed_at: null, closed_by: null, note: null, suggested_strategies: [],
    };
}

/** What became of an entry by an event: `{id, status}`, or null. */
export function closing(event) {
    const status = {task_requeued: 'retried', dead_letter_resolved: 'resolved', dead_letter_discarded: 'discarded'}[event.type];
    return status && event.data?.failed_task_id ? {id: event.data.failed_task_id, status} : null;
}
