// A card for each provider's breaker: what needs someone first.

import {api} from '../core/api.js';
import {define, h, keyed, Part, replace} from '../core/dom.js';
import {count, counted} from '../core/format.js';
import {icon} from '../core/icons.js';
import {onPlace, place} from '../core/router.js';
import {Resource, resources} from '../core/store.js';
import {everySecond, onZone} from '../core/time.js';
import {empty, failure, loading} from '../components/empty.js';
import {breakerCard, tick, updateCard} from './breakers/card.js';
import {urgency} from './breakers/history.js';

class Breakers extends Part {
    mount() {
        this.lead = h('p', {class: 'lead'});
        this.list = h('ul', {class: 'breakers'});
        this.holder = h('div', {}, h('div', {class: 'card'}, loading(6)));
        replace(this, h('div', {class: 'screen'}, h('div', {class: 'screen-head'}, h('h1', {}, 'Breakers'), this.lead), this.holder));
        // The strip of the day is left out where the server has no statistics.
        this.stats = new Resource(() => api.get('/stats', {window: 86_400_000, bucket: 3_600_000}), {every: 60_000, on: ['circuit_breaker_opened', 'circuit_breaker_half_opened', 'circuit_breaker_closed'], least: 2_000});
        this.atEnd(resources.breakers.subscribe(({value}) => {
            const states = (value?.data ?? []).map((one) => one.state).join();
            if (this.states !== undefined && states !== this.states) this.stats.soon();
            this.states = states;
            this.redraw();
        }));
        this.atEnd(resources.agents.subscribe(() => this.redraw()));
        this.atEnd(this.stats.subscribe(() => this.redraw()));
        this.atEnd(everySecond(() => { for (const card of this.list.children) tick(card); }));
        this.atEnd(onPlace(() => { if (place().path === '/breakers') this.#pointOut(); }));
        this.atEnd(onZone(() => this.redraw()));
        this.redraw();
    }

    draw() {
        const {value, error} = resources.breakers;
        if (!value) { if (error) replace(this.holder, failure(error, () => resources.breakers.refresh())); return; }
        const breakers = [...value.data].sort((a, b) => urgency(b) - urgency(a) || (a.provider < b.provider ? -1 : 1));
        replace(this.lead, this.#sentence(breakers));
        if (breakers.length === 0) {
            replace(this.holder, h('div', {class: 'card'}, empty('breakers', 'No breaker yet',
                'A breaker guards a provider: when its calls keep failing it opens, so that nobody calls what is down; tasks wait without spending attempts; after a while a probe finds out whether it is back. Each agent brings one.',
                h('a', {class: 'button', href: '/agents'}, icon('agents'), 'To the agents'))));
            return;
        }
        if (this.list.parentNode !== this.holder) replace(this.holder, this.list);
        const agents = resources.agents.value?.data ?? [];
        const marks = this.stats.value?.marks ?? null;
        keyed(this.list, breakers, (breaker) => breaker.provider, breakerCard, (card, breaker) =>
            updateCard(card, breaker, {agents: agents.filter((agent) => agent.provider === breaker.provider), marks}));
        if (!this.wasPointed) this.#pointOut();
    }

    #sentence(breakers) {
        const open = breakers.filter((one) => one.state !== 'closed');
        const held = breakers.reduce((sum, one) => sum + (one.held_tasks ?? 0), 0);
        if (breakers.length === 0) return null;
        if (open.length === 0) return breakers.length === 1 ? 'The only breaker is closed: every call goes through.' : `All ${breakers.length} are closed: every call goes through.`;
        return `${count(open.length)} of ${counted(breakers.length, 'breaker')} ${open.length === 1 ? 'is' : 'are'} not closed${held ? `; ${counted(held, 'task')} ${held === 1 ? 'waits' : 'wait'} for ${open.length === 1 ? 'it' : 'them'}, spending no attempt` : ''}.`;
    }

    /** The provider of the address: its card is shown and marked. */
    #pointOut() {
        const provider = place().params.get('provider');
        for (const card of this.list.children) card.classList.toggle('is-pointed', card.dataset.provider === provider);
        const card = [...this.list.children].find((one) => one.dataset.provider === provider);
        if (!card) return;
        this.wasPointed = true;
        card.scrollIntoView({block: 'nearest'});
        card.focus({preventScroll: true});
    }
}
define('k-breakers', Breakers);
