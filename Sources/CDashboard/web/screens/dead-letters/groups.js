// Failures of one kind, put together. Pure.

import {addAmounts, compareAmounts, words} from '../../core/format.js';

/** The sum per currency of these payments, exactly: `[{amount, currency}]`. */
export function addUp(payments) {
    const sums = new Map();
    for (const payment of payments) {
        if (payment) sums.set(payment.currency, addAmounts(sums.get(payment.currency) ?? '0', payment.amount));
    }
    return [...sums].map(([currency, amount]) => ({amount, currency})).sort((a, b) => a.currency < b.currency ? -1 : 1);
}

/** Entries grouped by the fingerprint of their failure, the most costly and frequent first. */
export function groupsOf(entries) {
    const found = new Map();
    for (const entry of entries) {
        if (!found.has(entry.error_group)) found.set(entry.error_group, []);
        found.get(entry.error_group).push(entry);
    }
    return [...found].map(([id, members]) => {
        const times = members.map((entry) => entry.failed_at).sort();
        return {
            id, count: members.length, first: times[0], last: times.at(-1), sample: members[0],
            agents: [...new Set(members.map((entry) => entry.agent_id).filter(Boolean))].sort(),
            types: [...new Set(members.map((entry) => entry.task_type))].sort(), value: addUp(members.map((entry) => entry.payment)),
        };
    }).sort(isBefore);
}

/** A group as the server answers it, in the same shape. */
export function asGroup(answer) {
    const sample = answer.sample ?? {};
    return {
        id: answer.error_group ?? answer.group ?? answer.id, count: answer.count, sample: {error: answer.error ?? null, ...sample},
        first: answer.first_seen_at ?? answer.first_seen ?? answer.first_at, last: answer.last_seen_at ?? answer.last_seen ?? answer.last_at,
        agents: answer.agents ?? [], types: answer.task_types ?? [sample.task_type].filter(Boolean), value: answer.value ?? [],
    };
}

function isBefore(a, b) {
    const most = (group) => group.value.reduce((high, sum) => compareAmounts(sum.amount, high) > 0 ? sum.amount : high, '0');
    return compareAmounts(most(b), most(a)) || b.count - a.count;
}

/** `server error from acme-pay`. */
export function titleOf(group) {
    const what = words(group.sample?.error?.type ?? group.sample?.reason ?? 'failure');
    const [first, ...others] = group.agents;
    return `${what[0].toUpperCase()}${what.slice(1)} ${first ? `from ${first}` : 'without an agent'}${others.length ? ` and ${others.length} more` : ''}`;
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
