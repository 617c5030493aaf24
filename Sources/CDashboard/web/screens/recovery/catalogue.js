// The strategies by error type, ranked by what has worked here, and honest about what few tries can say.

import {api} from '../../core/api.js';
import {define, h, Part, replace, setAttribute} from '../../core/dom.js';
import {words} from '../../core/format.js';
import {icon} from '../../core/icons.js';
import {href, onPlace, place, setParams} from '../../core/router.js';
import {session} from '../../core/session.js';
import {measuredWords} from '../../core/strategies.js';
import {failure, loading} from '../../components/empty.js';
import {choice} from '../../components/faults.js';
import {mark} from '../../components/state.js';
import {strategyList} from '../../components/strategies.js';
import {BY_CLASS, ERRORS} from './errors.js';

const CLASSES = {
    retryable: {icon: 'retry', word: 'retryable', tone: 'accent'}, permanent: {icon: 'cancel', word: 'permanent', tone: 'crack'},
    policy: {icon: 'held', word: 'by policy', tone: 'copper'},
};

class Catalogue extends Part {
    mount() {
        this.types = h('ul', {class: 'error-types'});
        this.picker = choice('', ERRORS.map(([type]) => [type, words(type)]), {class: 'input error-select', 'aria-label': 'Error type', on: {change: () => setParams({error: this.picker.value})}});
        this.detail = h('div', {class: 'error-detail'}, loading(5));
        replace(this, h('section', {class: 'card', 'aria-labelledby': 'errors-title'}, h('div', {class: 'card-head'}, h('h2', {id: 'errors-title'}, 'What helps against which error'), h('span', {class: 'muted'}, 'ranked by what has worked here')),
            h('div', {class: 'catalogue'}, h('nav', {'aria-label': 'Error types'}, this.types, this.picker), this.detail)));
        this.atEnd(onPlace(() => { if (place().path === '/recovery') this.show(); }));
        this.load();
    }

    async load() {
        try {
            const {data} = await api.get('/recovery/strategies', {}, {signal: this.signal});
            this.known = new Map(data.map((one) => [one.error_type, one]));
            this.show();
        } catch (error) { if (error.name !== 'AbortError') replace(this.detail, failure(error, () => this.load(), 'h3')); }
    }

    show() {
        if (!this.known) return;
        const wanted = place().params.get('error');
        const type = ERRORS.some(([one]) => one === wanted) ? wanted : ERRORS[0][0];
        this.picker.value = type;
        const hadFocus = this.types.contains(document.activeElement);
        replace(this.types, ERRORS.map(([one, , kind]) => {
            const look = CLASSES[kind];
            const best = this.known.get(one)?.strategies.find((way) => measuredWords(way.measured).rate !== null);
            const link = h('a', {href: href('/recovery', {error: one}), data: {replace: '', type: one}}, h('span', {}, words(one)), h('span', {class: 'faint'}, best ? words(best.strategy) : look.word));
            setAttribute(link, 'aria-current', one === type ? 'true' : null);
            return h('li', {}, link);
        }));
        if (hadFocus) this.types.querySelector('[aria-current]')?.focus();
        this.#detail(type);
    }

    #detail(type) {
        const [, from, kind] = ERRORS.find(([one]) => one === type);
        const entry = this.known.get(type);
        const look = CLASSES[kind === 'policy' ? kind : entry?.class ?? kind];
        const ways = entry?.strategies ?? [];
        replace(this.detail, h('div', {class: 'error-head'}, h('h3', {}, words(type)), h('code', {class: 'faint'}, type), mark(look, {badge: true})),
            h('p', {class: 'muted'}, `${from}. ${entry?.description ?? ''} ${BY_CLASS[kind === 'policy' ? kind : entry?.class ?? kind]}`),
            strategyList(ways),
            h('div', {class: 'button-row'}, session.mayAct && ways.length ? h('a', {class: 'button is-small', href: href('/recovery/new', {error: type, steps: ways.slice(0, 3).map((way) => way.strategy).join(',')})}, icon('plus'), 'Build a chain from the first three') : null,
                h('a', {class: 'button is-small', href: href('/dead-letters', {error: type})}, icon('dead_letters'), 'Its dead letters')));
    }
}
define('k-catalogue', Catalogue);
