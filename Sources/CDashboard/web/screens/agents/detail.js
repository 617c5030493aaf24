// One agent: what it is, how it does, and what an admin can do to it.

import {api} from '../../core/api.js';
import {define, h, Part, replace} from '../../core/dom.js';
import {count, counted, percent, span} from '../../core/format.js';
import {icon} from '../../core/icons.js';
import {go, href, place} from '../../core/router.js';
import {session} from '../../core/session.js';
import {resources} from '../../core/store.js';
import {timeOf} from '../../core/time.js';
import {copyButton} from '../../components/copy.js';
import {confirm, sheet} from '../../components/dialog.js';
import {empty, failure, loading} from '../../components/empty.js';
import {breakerMark, mark} from '../../components/state.js';
import {showSecret} from '../../components/secret.js';
import {toast, toastError} from '../../components/toast.js';
import {agentForm} from './form.js';
import {errorMix, healthOf} from './health.js';

/** `<k-agent agent-id="…">` */
class Agent extends Part {
    mount() {
        this.id_ = this.getAttribute('agent-id');
        this.test = h('div', {role: 'status'});
        this.body = h('div', {class: 'agent-detail'}, loading(6));
        replace(this, this.body);
        this.atEnd(resources.agents.subscribe((one) => this.#show(one)));
        this.atEnd(resources.breakers.subscribe(() => this.#show(resources.agents)));
    }

    #show({value, error}) {
        const agent = value?.data.find((one) => one.id === this.id_);
        if (!value) { if (error) replace(this.body, failure(error, () => resources.agents.refresh())); return; }
        if (!agent) return void replace(this.body, empty('agents', 'There is no such agent', `None is called ${this.id_}; it may have been removed.`, h('a', {class: 'button', href: '/agents'}, 'To the agents')));
        const breaker = resources.breakers.value?.data.find((one) => one.provider === agent.provider);
        const signature = JSON.stringify([agent, breaker?.state, breaker?.failure_rate]);
        // Not under somebody's fingers.
        if (signature === this.signature || this.body.contains(document.activeElement) && this.signature && document.activeElement.closest('.menu')) return;
        this.signature = signature;
        const focused = document.activeElement?.dataset?.act;
        this.agent = agent;
        const health = healthOf(agent, breaker, session.isAdmin);
        replace(this.body, h('div', {class: 'agent-top'}, h('h2', {}, agent.name), mark(health, {badge: true})), h('p', {class: 'muted'}, health.why),
            session.isAdmin && agent.protocol === 'http' ? this.#acts(agent) : null, this.test, this.#figures(agent), this.#facts(agent, breaker),
            h('div', {class: 'button-row'}, h('a', {class: 'button is-small', href: href('/tasks', {q: `agent:${agent.id}`})}, icon('tasks'), 'Its tasks'),
                h('a', {class: 'button is-small', href: href('/dead-letters', {view: 'entries', agent: agent.id})}, icon('dead_letters'), 'Its dead letters'),
                h('a', {class: 'button is-small', href: href('/live', {agent: agent.id})}, icon('live'), 'Live')));
        if (focused) this.body.querySelector(`[data-act="${focused}"]`)?.focus();
    }

    #acts(agent) {
        const act = (name, label, look, run, kind = '') => h('button', {class: `button is-small ${kind}`, type: 'button', data: {act: name}, on: {click: run}}, icon(look), label);
        return h('div', {class: 'button-row'}, act('test', 'Test call', 'play', () => this.#test()), act('edit', 'Edit…', 'edit', () => this.#edit()),
            agent.paused ? act('pause', 'Resume', 'play', () => this.#pause(false)) : act('pause', 'Pause', 'pause', () => this.#pause(true)),
            act('rotate', 'Rotate secret…', 'key', () => this.#rotate()), act('delete', 'Delete…', 'cancel', () => this.#remove(), 'is-danger'));
    }

    #figures(agent) {
        const {stats} = agent;
        if (!stats) return session.isAdmin ? h('p', {class: 'faint'}, 'No numbers of its attempts yet.') : h('p', {class: 'faint'}, 'Numbers of its attempts are shown to admins.');
        const figure = (label, value, hint = null) => h('div', {class: 'agent-figure', title: hint}, h('dt', {}, label), h('dd', {}, value));
        return h('section', {class: 'form', 'aria-label': 'How it does'}, h('dl', {class: 'agent-figures'},
            figure('Success', percent(stats.success_rate), `${count(stats.succeeded)} of ${count(stats.attempts)} attempts`), figure('Attempts', count(stats.attempts)),
            figure('Running', `${count(stats.running)} of ${count(agent.max_concurrency)}`), figure('Waiting', count(stats.waiting)),
            figure('p50', span(stats.p50_ms)), figure('p95', span(stats.p95_ms)), figure('p99', span(stats.p99_ms))),
        h('p', {class: 'faint'}, `Over the last ${span(stats.window_ms)}.`), h('h3', {}, 'Errors'), errorMix(stats.errors, {legend: true}));
    }

    #facts(agent, breaker) {
        const fact = (label, ...value) => [h('dt', {}, label), h('dd', {}, value)];
        return h('dl', {class: 'facts'}, fact('Id', h('span', {class: 'with-button'}, h('span', {class: 'id'}, agent.id), copyButton(agent.id, 'Copy the id'))),
            session.isAdmin ? fact('Callback', agent.callback_url ? h('span', {class: 'mono'}, agent.callback_url) : agent.protocol === 'local' ? 'runs in this process' : 'none') : null,
            fact('Capabilities', agent.capabilities.length ? agent.capabilities.map((one) => h('span', {class: 'chip is-plain'}, one)) : 'none'),
            fact('Breaker', h('a', {href: href('/breakers', {provider: agent.provider})}, agent.provider), ', ', breaker ? breakerMark(breaker.state) : h('span', {class: 'muted'}, 'none')),
            fact('One attempt', `at most ${span(agent.timeout_ms ?? 30_000)}`), fact('At once', counted(agent.max_concurrency, 'attempt')),
            fact('Rate limit', agent.rate_limit ? `${agent.rate_limit.per_second} a second, bursts of ${agent.rate_limit.burst}` : 'none'),
            session.isAdmin ? fact('Credentials', agent.auth ? {bearer: 'a bearer token', basic: `${agent.auth.username} and a password`, header: `the header ${agent.auth.name}`, bearer_file: 'a bearer token from a file', header_file: `the header ${agent.auth.name} from a file`, oauth2_client_credentials: 'OAuth 2 client credentials'}[agent.auth.type] ?? agent.auth.type : 'the signature only') : null,
            fact('Dead letters', agent.redrive === 'on_recovery' ? 'those of its open breaker return when it recovers' : 'return by a person only'),
            fact('Added', timeOf(agent.created_at)), fact('Changed', timeOf(agent.updated_at)));
    }

    // Acts of an admin

    async #pause(paused) {
        try {
            await api.patch(`/agents/${this.id_}`, {paused});
            toast(paused ? `${this.id_} is paused: its tasks wait, spending nothing.` : `${this.id_} goes on.`, paused ? {act: {label: 'Resume', run: () => this.#pause(false)}} : {});
            resources.agents.refresh();
        } catch (error) { toastError(error, 'That was refused.'); }
    }

    async #edit() { if (await agentForm(this.agent)) toast(`${this.id_} is changed.`); }

    async #test() {
        replace(this.test, h('p', {class: 'note'}, icon('play'), h('span', {}, 'Calling it …')));
        try {
            const result = await api.post(`/agents/${this.id_}/test`);
            replace(this.test, h('p', {class: `note tone-${result.ok ? 'glaze' : 'crack'}`}, icon(result.ok ? 'check' : 'failed'), h('span', {}, result.ok
                ? `It answered HTTP ${result.http_status} in ${span(result.duration_ms)}: a signed call reaches it.`
                : `${result.error?.message ?? 'It did not answer as it should.'}${result.duration_ms === null ? '' : ` After ${span(result.duration_ms)}.`}`, ' ', timeOf(result.at))));
        } catch (error) { replace(this.test, h('p', {class: 'note tone-crack'}, icon('warning'), h('span', {}, error.message))); }
    }

    async #rotate() {
        const answer = await sheet({title: `Rotate the secret of ${this.id_}?`, body: h('p', {}, 'Calls carry the signatures of both secrets for a day, so that the agent can change over without a failure.'),
            acts: [{label: 'Make a new secret', isDefault: true, run: () => api.post(`/agents/${this.id_}/rotate-secret`)}]});
        if (answer) await showSecret({title: `The new secret of ${this.id_}`, secret: answer.secret, text: 'It is shown only now. Store it where the agent verifies its calls.',
            after: answer.previous_expires_at ? h('p', {class: 'muted'}, 'The old one is valid until ', timeOf(answer.previous_expires_at), '.') : null});
    }

    async #remove() {
        if (!await confirm({title: `Delete ${this.id_}?`, text: 'Its tasks and their history stay. New tasks cannot name it any more.', act: 'Delete the agent'})) return;
        try {
            await api.remove(`/agents/${this.id_}`);
            toast(`${this.id_} is deleted.`);
            this.#leave();
        } catch (error) {
            if (error.status !== 409) return toastError(error, 'It was not deleted.');
            const drained = await sheet({title: 'Tasks still need it', body: [h('p', {}, error.message), h('p', {}, 'It can drain: it takes no new tasks, and is gone when the last one has ended.')], closeLabel: 'Leave it',
                acts: [{label: 'Drain and delete', tone: 'danger', run: () => api.remove(`/agents/${this.id_}`, {drain: true}).then((answer) => answer ?? true)}]});
            if (drained) { toast(`${this.id_} drains.`); resources.agents.refresh(); }
        }
    }

    #leave() {
        resources.agents.refresh();
        if (place().path.startsWith('/agents')) go('/agents', {replace: true});
    }
}
define('k-agent', Agent);
