// Acting on many tasks: what it will do, then its progress, then what was skipped and why.

import {api} from '../../core/api.js';
import {h, replace, setText} from '../../core/dom.js';
import {counted, money, addAmounts} from '../../core/format.js';
import {eachOf} from '../../components/acts.js';
import {sheet} from '../../components/dialog.js';

const WORDS = {retry: {verb: 'Retry', done: 'retried', tone: 'primary'}, cancel: {verb: 'Cancel', done: 'cancelled', tone: 'danger'}};

/** `tasks`: those that were selected, or null for all that match `params`. */
export async function actOnMany({act, tasks, params, text = '', done}) {
    if (!act) return chooseForAll(params, text, done);
    const words = WORDS[act];
    const progress = h('div', {class: 'progress', role: 'progressbar', 'aria-label': 'Progress'}, h('div', {class: 'progress-fill'}));
    const status = h('p', {role: 'status'});
    const stop = new AbortController();
    const reasons = h('ul', {class: 'plain'});
    const body = h('div', {class: 'form'}, preview(act, tasks, text), h('div', {hidden: true}, status, progress, reasons));
    const total = tasks?.length ?? null;
    let isRunning = false;
    let isOver = false;
    await sheet({
        title: tasks ? `${words.verb} ${counted(tasks.length, 'task')}?` : `${words.verb} all that match?`, body,
        acts: [{label: words.verb, tone: words.tone, isDefault: true, run: async () => {
            if (isOver) return true;
            if (isRunning) { stop.abort(); return false; }
            isRunning = true;
            body.lastElementChild.hidden = false;
            progress.classList.toggle('is-unknown', total === null);
            const outcome = await eachOf(tasks ?? matching(params, act), (task) => api.post(`/tasks/${task.id}/${act}`, {}), {
                signal: stop.signal, step: (so) => {
                    const seen = so.done + [...so.skipped.values()].reduce((sum, one) => sum + one, 0);
                    setText(status, total === null ? `${counted(seen, 'task')} so far …` : `${seen} of ${total} …`);
                    if (total) progress.firstElementChild.style.setProperty('--share', seen / total);
                },
            });
            isOver = true;
            progress.classList.remove('is-unknown');
            progress.firstElementChild.style.setProperty('--share', 1);
            setText(status, `${counted(outcome.done, 'task')} ${words.done}${outcome.isStopped ? ', then stopped' : ''}.`);
            replace(reasons, [...outcome.skipped].map(([reason, number]) => h('li', {}, `${number} skipped: ${reason}`)));
            done();
            return false;
        }}],
    });
    stop.abort();
}

function preview(act, tasks, text) {
    if (!tasks) return h('p', {}, `Every task that matches “${text || 'no filter'}” and can be ${WORDS[act].done}. Keep this page open until it is through.`);
    const fitting = tasks.filter((task) => act === 'retry' ? /failed|cancelled/.test(task.status) : !/completed|failed|cancelled/.test(task.status));
    const sums = new Map();
    for (const task of fitting) if (task.payment) sums.set(task.payment.currency, addAmounts(sums.get(task.payment.currency) ?? '0', task.payment.amount));
    return h('p', {}, `${counted(fitting.length, 'task')} can be ${WORDS[act].done}`,
        fitting.length < tasks.length ? `; the other ${tasks.length - fitting.length} cannot in their state and will be skipped` : '',
        sums.size ? `. Money in them: ${[...sums].map(([currency, amount]) => money({amount, currency})).join(' + ')}` : '', '.');
}

async function chooseForAll(params, text, done) {
    const chosen = await sheet({
        title: 'Act on all that match?', body: h('p', {}, `The filter is “${text || 'none: every task there is'}”. Choose what to do; you see the progress and can stop it.`),
        acts: [{label: 'Retry all', tone: 'plain', run: () => 'retry'}, {label: 'Cancel all', tone: 'danger', run: () => 'cancel'}],
    });
    if (chosen) await actOnMany({act: chosen, tasks: null, params, text, done});
}

/** Pages through what matches; only what the act can change. */
async function* matching(params, act) {
    const wanted = act === 'retry' ? ['failed', 'cancelled'] : ['pending', 'in_progress', 'waiting'];
    const asked = params.status ? params.status.split(',').filter((one) => wanted.includes(one)) : wanted;
    if (asked.length === 0) return;
    let cursor = null;
    do {
        const page = await api.get('/tasks', {...params, status: asked.join(), limit: 200, cursor});
        yield* page.data;
        cursor = page.next_cursor;
    } while (cursor);
}
