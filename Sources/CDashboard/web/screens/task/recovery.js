// What can be done about a failure: what has worked here, what the dead letter suggests, how its chain goes, and what a
// person decides.

import {api} from '../../core/api.js';
import {runsOf, runWords} from '../../core/chain.js';
import {h, replace, stylesheet} from '../../core/dom.js';
import {actorName, words} from '../../core/format.js';
import {icon} from '../../core/icons.js';
import {href} from '../../core/router.js';
import {decided, reach} from '../../core/rules.js';
import {session} from '../../core/session.js';
import {does} from '../../core/strategies.js';
import {timeOf} from '../../core/time.js';
import {close, retry, retryElsewhere, retryLater} from '../../components/acts.js';
import {runSteps} from '../../components/chain-steps.js';
import {empty} from '../../components/empty.js';
import {mark, severityMark} from '../../components/state.js';
import {strategyList} from '../../components/strategies.js';
import {toastError} from '../../components/toast.js';
import {decide, decisionCard} from './decide.js';
import {editAndRetry} from './edit-and-retry.js';
import {mayRetry} from './header.js';
import {card} from './overview.js';

await stylesheet(new URL('../../styles/recovery.css', import.meta.url));

export function recoveryView(model) {
    const decision = h('div', {class: 'is-whole'});
    const failure = h('div', {class: 'card'});
    const letter = h('div', {});
    const strategies = h('div', {class: 'is-whole'});
    const chain = h('div', {class: 'is-whole'});
    const element = h('div', {class: 'task-grid is-halves'}, decision, chain, failure, letter, strategies);
    const drawn = {};
    const once = (name, signature, draw) => { if (drawn[name] !== signature) { drawn[name] = signature; draw(); } };

    function update() {
        const {task, events, attempts} = model;
        const error = task.error ?? attempts.findLast((attempt) => attempt.error)?.error ?? null;
        // What is being filled in is not drawn anew by what happens meanwhile.
        const waits = task.status === 'waiting' ? `${task.round} ${model.escalation?.seq}` : '';
        once('decision', waits, () => replace(decision, waits ? decisionCard(model) : null));
        decision.hidden = !waits;
        once('failure', `${JSON.stringify(error)} ${task.status}`, () => replace(failure, lastFailure(task, error)));
        once('letter', `${task.failed_task_id} ${task.version}`, () => showLetter(task));
        letter.hidden = !task.failed_task_id;
        failure.classList.toggle('is-whole', letter.hidden);
        once('strategies', `${error?.type} ${task.status} ${mayRetry(task)}`, () => showStrategies(error));
        strategies.hidden = !error;
        const steps = events.filter((event) => event.type.startsWith('fallback_') || event.type.startsWith('task_') && event.type !== 'task_progress' || event.type === 'attempt_started');
        const runs = runsOf(steps);
        chain.hidden = runs.length === 0 && !task.fallback_chain_id;
        once('chain', `${steps.length} ${runs.length} ${task.fallback_chain_id}`, () => replace(chain, chainCard(task, runs)));
    }

    async function showLetter(task) {
        if (!task.failed_task_id) { replace(letter); return; }
        try {
            const entry = await api.get(`/failed-tasks/${task.failed_task_id}`, {}, {signal: model.signal});
            replace(letter, letterCard(entry, () => { drawn.letter = null; update(); }));
        } catch (error) {
            if (error.name !== 'AbortError') replace(letter, card('Dead letter', h('p', {class: 'card-body muted'}, error.message)));
        }
    }

    async function showStrategies(error) {
        if (!error) return void replace(strategies);
        try {
            const answer = await api.get(`/recovery/strategies/${error.type}`, {}, {signal: model.signal});
            replace(strategies, card('What could help', h('div', {class: 'card-body stack'}, answer.description ? h('p', {class: 'muted'}, answer.description) : null,
                strategyList(answer.strategies, (one) => apply(model, one.strategy)),
                h('p', {}, h('a', {href: href('/recovery', {error: error.type})}, `All about ${words(error.type)}`)))));
        } catch (fault) {
            if (fault.name !== 'AbortError') replace(strategies, card('What could help', h('p', {class: 'card-body muted'}, fault.message)));
        }
    }
    return {element, update};
}

function lastFailure(task, error) {
    if (!error) {
        return empty(task.status === 'completed' ? 'completed' : 'recovery', 'Nothing has broken', task.status === 'completed'
            ? 'It completed without a failure; there is nothing to recover.' : 'When an attempt fails, this is where one sees what could help.');
    }
    return [
        h('div', {class: 'card-head'}, h('h3', {}, task.status === 'completed' ? 'What had broken' : 'The last failure')),
        h('div', {class: 'card-body stack'},
            h('p', {class: 'recovery-type'}, mark({icon: 'failed', word: words(error.type), tone: task.status === 'completed' ? 'still' : 'crack'}, {badge: true}), h('span', {class: 'muted'}, error.class)),
            h('p', {}, error.message), h('p', {class: 'muted'}, `${decided(error)} ${reach(error.sent)}`)),
    ];
}

function letterCard(entry, again) {
    const isOpen = entry.status === 'pending';
    const mayAct = session.mayAct && isOpen;
    const act = (kind) => close(entry, kind).then((done) => { if (done) again(); }, (error) => toastError(error, 'It could not be closed.'));
    return card('Dead letter', h('div', {class: 'card-body stack'},
        h('p', {class: 'recovery-type'}, mark(isOpen ? {icon: 'dead_letters', word: 'waits for someone', tone: 'copper'} : {icon: 'check', word: words(entry.status), tone: 'still'}, {badge: true}),
            h('span', {class: 'muted'}, words(entry.reason)), timeOf(entry.failed_at), entry.alert ? h('a', {href: href('/alerts', {alert: entry.alert.id}), title: 'Its alert'}, severityMark(entry.alert.severity)) : null),
        isOpen ? null : h('p', {class: 'muted'}, `${words(entry.status)}${entry.closed_by ? ` by ${actorName(entry.closed_by)}` : ''}${entry.note ? `: ${entry.note}` : '.'}`),
        h('p', {}, h('a', {href: href('/dead-letters', {view: 'entries', group: entry.error_group})}, 'Others that failed the same way')),
        mayAct ? h('div', {class: 'button-row'},
            h('button', {class: 'button is-small', type: 'button', on: {click: () => act('resolve')}}, icon('check'), 'Resolve …'),
            h('button', {class: 'button is-small', type: 'button', on: {click: () => act('discard')}}, icon('cancel'), 'Discard …')) : null));
}

/** The button that does it, for those that a person can do from here: by a retry, or by the answer to a question. */
function apply(model, strategy) {
    if (!session.mayAct) return null;
    const isAsked = model.task.status === 'waiting';
    if (!isAsked && !mayRetry(model.task)) return null;
    const act = isAsked ? {
        retry: ['Decide: retry …', () => decide(model, 'retry')], switch_agent: ['Decide: elsewhere …', () => decide(model, 'retry')], modify_input: ['Decide: edit …', () => decide(model, 'retry', {isEdited: true})],
        use_output: ['Decide: complete …', () => decide(model, 'complete')], discard: ['Decide: let it fail …', () => decide(model, 'fail')],
    }[strategy] : {
        retry: ['Retry now', () => retry(model.task)], wait_and_retry: ['At a time …', () => retryLater(model.task)],
        switch_agent: ['Elsewhere …', () => retryElsewhere(model.task)], modify_input: ['Edit …', () => editAndRetry(model.task, model.payload('input'))],
        refresh_credentials: ['Retry now', () => retry(model.task)],
    }[strategy];
    return act ? h('button', {class: 'button is-small', type: 'button', title: does(strategy), on: {click: act[1]}}, act[0]) : null;
}

/** What its fallback chains did, step by step, as it happens; the newest first. */
function chainCard(task, runs) {
    const link = (id, name) => session.mayAct ? h('a', {href: `/recovery/${id}`}, name) : name;
    if (runs.length === 0) {
        return card('Fallback chain', h('p', {class: 'card-body muted'}, task.status === 'completed' ? 'A chain stood ready for it, and was not needed.'
            : 'A chain stands ready for it: it begins when an attempt fails beyond what is retried by itself.', ' ', link(task.fallback_chain_id, 'Look at it')));
    }
    return card('Fallback chain', h('div', {class: 'card-body'}, [...runs].reverse().map((run) => h('section', {class: 'run stack'},
        h('p', {}, h('strong', {}, runWords(run)), ' ', h('span', {class: 'muted'}, link(run.id, run.version ? `Version ${run.version}` : 'The chain'), ', begun ', timeOf(run.at))), runSteps(run)))));
}
