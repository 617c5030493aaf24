// What can be done about a failure: what has worked here, what the dead letter suggests, and what a person decides.

import {api} from '../../core/api.js';
import {offers} from '../../core/offers.js';
import {h, replace} from '../../core/dom.js';
import {read} from '../../core/exact-json.js';
import {count, percent, words} from '../../core/format.js';
import {icon} from '../../core/icons.js';
import {href} from '../../core/router.js';
import {decided, reach} from '../../core/rules.js';
import {session} from '../../core/session.js';
import {parse, timeOf} from '../../core/time.js';
import {acting, close, retry, retryElsewhere, retryLater} from '../../components/acts.js';
import {field, sheet} from '../../components/dialog.js';
import {empty} from '../../components/empty.js';
import {eventMark, mark} from '../../components/state.js';
import {toast, toastError} from '../../components/toast.js';
import '../../components/why.js';
import {editAndRetry} from './edit-and-retry.js';
import {mayRetry} from './header.js';
import {card} from './overview.js';

const SENTENCES = {
    retry: 'The same agent again.', wait_and_retry: 'Wait, then the same agent again.', switch_agent: 'Another agent that can do it.',
    increase_timeout: 'Give it more time.', refresh_credentials: 'Fetch a new token, then try again.', modify_input: 'Mend the input, then try again.',
    use_output: 'Complete it with a given output.', compensate: 'Create the task that undoes it.', notify: 'Tell somebody.',
    escalate: 'Let a person decide.', discard: 'Give it up.',
};

export function recoveryView(model) {
    const decision = h('div', {class: 'is-whole'});
    const failure = h('div', {class: 'card'});
    const letter = h('div', {});
    const strategies = h('div', {class: 'is-whole'});
    const chain = h('div', {class: 'is-whole'});
    const element = h('div', {class: 'task-grid is-halves'}, decision, failure, letter, strategies, chain);
    const drawn = {};
    const once = (name, signature, draw) => { if (drawn[name] !== signature) { drawn[name] = signature; draw(); } };
    let entry = null;

    function update() {
        const {task, events, attempts} = model;
        const error = task.error ?? attempts.findLast((attempt) => attempt.error)?.error ?? null;
        once('decision', `${task.status} ${task.version}`, () => replace(decision, task.status === 'waiting' ? decide(model) : null));
        decision.hidden = task.status !== 'waiting';
        once('failure', `${JSON.stringify(error)} ${task.status}`, () => replace(failure, lastFailure(task, error)));
        once('letter', `${task.failed_task_id} ${task.version}`, () => showLetter(task));
        letter.hidden = !task.failed_task_id;
        once('strategies', `${error?.type} ${task.status === 'completed'} ${mayRetry(task)}`, () => showStrategies(task, error));
        strategies.hidden = !error;
        const steps = events.filter((event) => event.type.startsWith('fallback_') || event.type === 'task_escalated' || event.type === 'task_resumed');
        chain.hidden = steps.length === 0 && !task.fallback_chain_id;
        once('chain', `${steps.length} ${task.fallback_chain_id}`, () => replace(chain, chainCard(task, steps)));
    }

    async function showLetter(task) {
        if (!task.failed_task_id) { replace(letter); return; }
        try {
            entry = await api.get(`/failed-tasks/${task.failed_task_id}`, {}, {signal: model.signal});
            replace(letter, letterCard(model, entry, () => { drawn.letter = null; update(); }));
            drawSuggested();
        } catch (error) {
            if (error.name !== 'AbortError') replace(letter, card('Dead letter', h('p', {class: 'card-body muted'}, error.message)));
        }
    }

    let suggested = null;
    function drawSuggested() { if (suggested && entry?.suggested_strategies.length) suggested(entry.suggested_strategies); }

    async function showStrategies(task, error) {
        if (!error) { replace(strategies); return; }
        suggested = null;
        try {
            if (!await offers('get', '/recovery/strategies/{error_type}')) throw Object.assign(new Error(), {status: 404});
            const answer = await api.get(`/recovery/strategies/${error.type}`, {}, {signal: model.signal});
            replace(strategies, strategyCard(model, answer.strategies, answer.description, true));
        } catch (fault) {
            if (fault.name === 'AbortError') return;
            suggested = (names) => replace(strategies, strategyCard(model, names.map((strategy, index) => ({strategy, rank: index + 1, measured: null})),
                fault.status === 404 ? 'What the dead letter suggests. How often each has worked here is not measured by this version yet.' : fault.message, false));
            replace(strategies, fault.status === 404 ? null : card('What could help', h('p', {class: 'card-body muted'}, fault.message)));
            drawSuggested();
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

function letterCard(model, entry, again) {
    const isOpen = entry.status === 'pending';
    const mayAct = session.mayAct && isOpen;
    const act = (kind) => close([entry], kind).then((done) => { if (done) again(); }, (error) => toastError(error, 'It could not be closed.'));
    return card('Dead letter', h('div', {class: 'card-body stack'},
        h('p', {class: 'recovery-type'}, mark(isOpen ? {icon: 'dead_letters', word: 'waits for someone', tone: 'copper'} : {icon: 'check', word: words(entry.status), tone: 'still'}, {badge: true}),
            h('span', {class: 'muted'}, words(entry.reason)), timeOf(entry.failed_at)),
        isOpen ? null : h('p', {class: 'muted'}, `${words(entry.status)}${entry.closed_by ? ` by ${entry.closed_by.replace(':', ' ')}` : ''}${entry.note ? `: ${entry.note}` : '.'}`),
        h('p', {}, h('a', {href: href('/dead-letters', {group: entry.error_group})}, 'Others that failed the same way')),
        mayAct ? h('div', {class: 'button-row'},
            h('button', {class: 'button is-small', type: 'button', on: {click: () => act('resolve')}}, icon('check'), 'Resolve …'),
            h('button', {class: 'button is-small', type: 'button', on: {click: () => act('discard')}}, icon('cancel'), 'Discard …')) : null));
}

/** Strategies with what has come of them here, and the act of each that a person can do now. */
function strategyCard(model, list, description, isMeasured) {
    return card('What could help', h('div', {class: 'card-body stack'}, description ? h('p', {class: 'muted'}, description) : null,
        h('ol', {class: 'strategies'}, list.map((one) => h('li', {class: 'strategy'},
            h('span', {class: 'strategy-rank', 'aria-hidden': 'true'}, one.rank), h('div', {class: 'grow'}, h('strong', {}, words(one.strategy)), one.automatic ? h('span', {class: 'badge strategy-badge', title: 'It happens by itself'}, 'automatic') : null, h('p', {class: 'muted'}, one.description ?? SENTENCES[one.strategy] ?? '')),
            isMeasured ? measured(one.measured) : null, apply(model, one.strategy))))));
}

function measured(value) {
    if (!value || value.tried === 0) return h('span', {class: 'strategy-measure faint'}, 'not tried here yet');
    return h('span', {class: 'strategy-measure'}, h('span', {class: 'progress', 'aria-hidden': 'true'}, h('span', {class: 'progress-fill', css: {'--share': String(value.success_rate)}})),
        h('span', {}, `${percent(value.success_rate)}`, h('span', {class: 'faint'}, ` · ${count(value.recovered)} of ${count(value.tried)}`)));
}

/** The button that does it, for those that a person can do from here. */
function apply(model, strategy) {
    if (!session.mayAct || !mayRetry(model.task)) return null;
    const act = {
        retry: ['Retry now', () => retry(model.task)], wait_and_retry: ['At a time …', () => retryLater(model.task)],
        switch_agent: ['Elsewhere …', () => retryElsewhere(model.task)], modify_input: ['Edit …', () => editAndRetry(model.task, model.payload('input'))],
        refresh_credentials: ['Retry now', () => retry(model.task)],
    }[strategy];
    return act ? h('button', {class: 'button is-small', type: 'button', on: {click: act[1]}}, act[0]) : null;
}

/** What the fallback chain did, step by step, as it happens. */
function chainCard(task, steps) {
    return card('Fallback chain', h('div', {class: 'card-body stack'},
        steps.length === 0 ? h('p', {class: 'muted'}, 'A chain stands ready for it: it begins when an attempt fails beyond what is retried by itself.')
            : h('ol', {class: 'chain'}, steps.map((event) => h('li', {}, eventMark(event.type), h('span', {class: 'grow'}, event.message), h('span', {class: 'muted'}, timeOf(event.at)))))));
}

// Decisions

function decide(model) {
    const {task, events} = model;
    const asked = events.findLast((event) => event.type === 'task_escalated')?.data ?? {};
    const clock = h('k-countdown', {class: 'why-count'});
    const until = parse(asked.until ?? task.deadline_at);
    if (until !== null) clock.set(until, asked.then === 'continue' ? 'goes on by itself' : 'fails by itself');
    const button = (label, name, tone, run) => h('button', {class: `button ${tone}`, type: 'button', on: {click: run}}, icon(name), label);
    return h('section', {class: 'card decision tone-person'}, h('div', {class: 'card-body stack'},
        h('p', {class: 'decision-head'}, icon('waiting'), h('strong', {}, 'A person is asked'), until !== null ? clock : null),
        h('p', {class: 'decision-question'}, asked.message ?? task.explanation),
        session.mayAct ? h('div', {class: 'button-row'},
            button('Try again …', 'retry', 'is-primary', () => ask(model, 'retry')), button('Complete it with an output …', 'check', '', () => ask(model, 'complete')), button('Let it fail …', 'cancel', 'is-danger', () => ask(model, 'fail'))) : null));
}

const DECISIONS = {retry: ['Try again?', 'Try again', 'primary'], complete: ['Complete it with this output?', 'Complete it', 'primary'], fail: ['Let it fail?', 'Let it fail', 'danger']};

async function ask(model, action) {
    const {task} = model;
    const [title, label, tone] = DECISIONS[action];
    const note = h('input', {class: 'input', maxlength: 2000, placeholder: 'Stands on the timeline'});
    const agent = h('input', {class: 'input mono', placeholder: task.agent_id ?? 'agent id', autocomplete: 'off', spellcheck: 'false'});
    const output = h('textarea', {class: 'input', spellcheck: 'false', rows: '6'});
    output.value = 'null';
    const fault = h('p', {class: 'fault', role: 'alert'});
    const after = await sheet({
        title, body: [
            action === 'retry' ? field('Agent', agent, 'Leave it empty to stay with the same.') : null,
            action === 'complete' ? [field('Output', output, 'JSON, sent as it stands here.'), fault] : null,
            field('Note', note)],
        acts: [{label, tone, isDefault: action !== 'fail', run: () => {
            const members = [`"action":${JSON.stringify(action)}`];
            if (action === 'complete') {
                try { read(output.value); } catch (error) { fault.textContent = `${error.message}.`; return false; }
                members.push(`"output":${output.value}`);
            }
            if (action === 'retry' && agent.value.trim()) members.push(`"agent_id":${JSON.stringify(agent.value.trim())}`);
            if (note.value.trim()) members.push(`"note":${JSON.stringify(note.value.trim())}`);
            return acting(task, () => api.post(`/tasks/${task.id}/decide`, `{${members.join(',')}}`));
        }}],
    });
    if (after) { model.load(); toast('Decided; the task goes on.'); }
}
