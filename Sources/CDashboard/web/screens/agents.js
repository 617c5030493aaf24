// The agents: who does the work, how they are, and what an admin can do about it.

import {define, h, Part, replace, setText} from '../core/dom.js';
import {count, counted, percent, span} from '../core/format.js';
import {icon} from '../core/icons.js';
import {bind} from '../core/keys.js';
import {go, onPlace, place, setParams} from '../core/router.js';
import {session} from '../core/session.js';
import {resources} from '../core/store.js';
import {copyButton} from '../components/copy.js';
import {empty, failure, loading} from '../components/empty.js';
import {rows} from '../components/rows.js';
import {showSecret} from '../components/secret.js';
import {split} from '../components/split.js';
import {mark} from '../components/state.js';
import {agentForm} from './agents/form.js';
import {errorMix, healthOf} from './agents/health.js';
import './agents/detail.js';

const COLUMNS = [{label: 'Agent'}, {label: 'Health'}, {label: 'Running', class: 'wide'}, {label: 'Success', class: 'end'}, {label: 'p50', class: 'end wide'},
    {label: 'p95', class: 'end wide'}, {label: 'Errors', class: 'wide'}];

class Agents extends Part {
    mount() {
        this.split = split({onClose: () => setParams({agent: null})});
        this.page = h('div', {class: 'screen agent-page', hidden: true});
        this.amount = h('span', {class: 'muted'});
        this.holder = h('div', {class: 'card list-card'}, loading(7));
        replace(this.split.list, h('div', {class: 'screen agents'}, h('div', {class: 'screen-head'}, h('h1', {}, 'Agents'), this.amount,
            session.isAdmin ? h('button', {class: 'button is-primary push-always', type: 'button', on: {click: () => this.#add()}}, icon('plus'), 'Add an agent') : null), this.holder));
        replace(this, this.split.element, this.page);
        this.rows = rows({label: 'Agents', owner: this, scroller: this.split.list, keyOf: (agent) => agent.id, columns: COLUMNS, make: cells, update: refresh,
            onOpen: (agent, event) => { if (event?.type === 'keydown' && this.shown === agent.id) go(`/agents/${agent.id}`); else setParams({agent: agent.id}); }});
        this.rows.onCursor = (agent) => { if (this.split.isOpen) setParams({agent: agent.id}); };
        this.atEnd(resources.agents.subscribe((one) => this.#show(one)));
        this.atEnd(resources.breakers.subscribe(() => this.#show(resources.agents)));
        this.atEnd(onPlace(() => this.read()));
        this.atEnd(bind('Escape', 'Close the panel', () => setParams({agent: null}), {group: 'Lists', when: () => this.split.isOpen && this.page.hidden}));
        this.read();
    }

    read() {
        const {path, params} = place();
        const id = /^\/agents\/([^/]+)$/.exec(path)?.[1] ?? null;
        if (!id && path !== '/agents') return;
        this.page.hidden = !id;
        this.split.element.hidden = !!id;
        if (id !== this.pageID) {
            this.pageID = id;
            replace(this.page, id ? [h('div', {class: 'screen-head'}, h('a', {class: 'button is-quiet is-small', href: '/agents'}, icon('agents'), 'All agents'), h('h1', {class: 'visually-hidden'}, `Agent ${id}`)), h('div', {class: 'card'}, h('k-agent', {'agent-id': id}))] : null);
        }
        if (id) return;
        const shown = params.get('agent');
        if (shown === this.shown) return;
        this.shown = shown;
        if (!shown) return void this.split.close();
        this.rows.setCursor(shown);
        this.split.open({label: 'The agent', page: `/agents/${shown}`, body: [h('h1', {class: 'visually-hidden panel-title'}, 'Agent'), h('k-agent', {'agent-id': shown})]});
    }

    #show({value, error}) {
        if (!value) { if (error) replace(this.holder, failure(error, () => resources.agents.refresh())); return; }
        const agents = [...value.data].sort((a, b) => a.id < b.id ? -1 : 1);
        setText(this.amount, agents.length ? `${counted(agents.length, 'agent')}${value.next_cursor ? ', and more' : ''}` : '');
        if (agents.length === 0) return void replace(this.holder, this.#none());
        if (this.rows.element.parentNode !== this.holder) replace(this.holder, this.rows.element);
        const breakers = new Map((resources.breakers.value?.data ?? []).map((breaker) => [breaker.provider, breaker]));
        this.rows.set(agents.map((agent) => ({...agent, health: healthOf(agent, breakers.get(agent.provider), session.isAdmin)})));
    }

    #none() {
        const lines = [
            `curl ${location.origin}/api/v1/agents -H "Authorization: Bearer $KEY" \\`, '  -H "Content-Type: application/json" \\',
            '  -d \'{"id":"my-agent","name":"My agent","protocol":"http","callback_url":"https://agent.example/","capabilities":["my.work"]}\''].join('\n');
        return [empty('agents', 'No agent yet', 'An agent is a web address that does the work: it gets each task by POST, and answers 200 with the output, or 202 and reports later. Three lines make one known:'),
            h('div', {class: 'empty-code'}, h('pre', {tabindex: '0'}, lines), copyButton(lines, 'Copy the command'))];
    }

    async #add() {
        const made = await agentForm();
        if (!made) return;
        await showSecret({title: `${made.name} is added`, secret: made.secret, text: 'This secret is shown only now. The agent needs it to verify that calls come from here.',
            after: h('p', {class: 'muted'}, 'Next: a test call, from the agent’s panel.')});
        setParams({agent: made.id});
    }
}

function cells() {
    return [h('td', {class: 'cell-type'}, h('div', {class: 'cut'}, h('a', {class: 'row-link'})), h('div', {class: 'cell-sub cut'})), h('td', {class: 'nowrap'}),
        h('td', {class: 'wide'}, h('div', {class: 'running'}, h('span', {}), h('div', {class: 'progress', 'aria-hidden': 'true'}, h('div', {class: 'progress-fill'})))),
        h('td', {class: 'end'}), h('td', {class: 'end wide'}), h('td', {class: 'end wide'}), h('td', {class: 'wide'})];
}

function refresh(row, agent) {
    const {stats} = agent;
    const signature = JSON.stringify([agent.name, agent.health, agent.max_concurrency, stats, agent.capabilities]);
    if (row.signature === signature) return;
    row.signature = signature;
    const [name, health, running, success, p50, p95, errors] = row.children;
    const link = name.querySelector('a');
    link.href = `/agents/${agent.id}`;
    setText(link, agent.name);
    setText(name.lastElementChild, [agent.id === agent.name ? null : agent.id, agent.capabilities.join(', ') || 'no capability'].filter(Boolean).join(' · '));
    replace(health, mark(agent.health));
    health.title = agent.health.why;
    const part = running.firstElementChild;
    setText(part.firstElementChild, `${stats ? count(stats.running) : '–'} of ${count(agent.max_concurrency)}`);
    part.lastElementChild.firstElementChild.style.setProperty('--share', stats ? Math.min(1, stats.running / agent.max_concurrency) : 0);
    setText(success, percent(stats?.success_rate));
    setText(p50, span(stats?.p50_ms));
    setText(p95, span(stats?.p95_ms));
    replace(errors, errorMix(stats?.errors));
}

define('k-agents', Agents);
