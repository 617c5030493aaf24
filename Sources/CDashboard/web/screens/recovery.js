// How failures are mended: what happens by itself, what has worked here, and the fallback chains.

import {api} from '../core/api.js';
import {define, h, Part, replace} from '../core/dom.js';
import {count, counted, percent, span, words} from '../core/format.js';
import {icon} from '../core/icons.js';
import {offers} from '../core/offers.js';
import {href, onPlace, place} from '../core/router.js';
import {resources} from '../core/store.js';
import {empty, failure, loading} from '../components/empty.js';
import {mark} from '../components/state.js';
import {STRATEGIES} from './dead-letters/words.js';
import {ERRORS} from './recovery/errors.js';

const CLASSES = {
    retryable: {icon: 'retry', word: 'retryable', tone: 'accent'}, permanent: {icon: 'cancel', word: 'permanent', tone: 'crack'},
    policy: {icon: 'held', word: 'by policy', tone: 'copper'},
};

class Recovery extends Part {
    mount() {
        this.chains = h('div', {}, loading(3));
        this.catalogue = h('div', {}, loading(6));
        this.stages = h('ol', {class: 'stages'});
        replace(this, h('div', {class: 'screen recovery'},
            h('div', {class: 'screen-head'}, h('h1', {}, 'Recovery'), h('p', {class: 'lead'}, 'What happens when an attempt fails: first by itself, then by the steps you lay down, last by a person. Nothing is given up without a trace.')),
            this.stages,
            h('section', {class: 'card', 'aria-labelledby': 'chains-title'}, h('div', {class: 'card-head'}, h('h2', {id: 'chains-title'}, 'Fallback chains')), this.chains),
            h('section', {class: 'card', 'aria-labelledby': 'errors-title'}, h('div', {class: 'card-head'}, h('h2', {id: 'errors-title'}, 'By error type'), this.note = h('span', {class: 'muted'})), this.catalogue)));
        this.atEnd(resources.health.subscribe(({value}) => this.#showStages(value)));
        this.atEnd(resources.summary.subscribe(() => this.#showStages(resources.health.value)));
        this.atEnd(onPlace(() => { if (place().path === '/recovery') this.#pointOut(); }));
        this.#showStages(null);
        this.#loadChains();
        this.#loadStrategies();
    }

    #showStages(health) {
        const letters = resources.summary.value;
        const stage = (name, title, text, figure, to) => h('li', {class: 'card stage'}, h('div', {class: 'stage-head'}, icon(name), h('h2', {}, title)), h('p', {class: 'muted'}, text), h('p', {class: 'stage-now'}, to && figure ? h('a', {href: to}, figure) : figure));
        replace(this.stages,
            stage('retry', 'Automatic retry', 'Retryable failures run again, up to 6 attempts by default, with growing waits and jitter. An open breaker holds the task instead of spending attempts.',
                health ? `${counted(health.counts.pending + health.counts.in_progress, 'task')} under way` : '–', href('/tasks', {q: 'status:pending,in_progress'})),
            stage('recovery', 'Fallback chain', 'If that is not enough: steps in order, such as another agent, more time, corrected input, a prepared output or a person, until one succeeds.',
                this.chainCount ? `${counted(this.chainCount, 'chain')} laid down` : this.hasChains === false ? h('span', {class: 'faint'}, 'comes with a later version') : 'none laid down', null),
            stage('dead_letters', 'Dead letters', 'What nothing could mend waits for a person, with its input, its history and what could help. It can be retried at any time.',
                letters ? `${count(letters.pending)} pending` : '–', '/dead-letters'));
    }

    async #loadChains() {
        const later = () => {
            this.hasChains = false;
            replace(this.chains, h('p', {class: 'card-body muted'}, 'They come with a later version. Until then failures go from automatic retry straight to the ', h('a', {href: '/dead-letters'}, 'dead letters'), ', where you can retry on another agent or with a corrected input.'));
            this.#showStages(resources.health.value);
        };
        if (!await offers('get', '/recovery/fallback-chain')) return later();
        try {
            const {data} = await api.get('/recovery/fallback-chain', {limit: 200}, {signal: this.signal});
            this.chainCount = data.length;
            this.#showStages(resources.health.value);
            replace(this.chains, data.length ? h('ul', {class: 'chains'}, data.map(chain))
                : empty('recovery', 'No chain yet', 'A chain says what to try when retries are not enough. It is made with POST /api/v1/recovery/fallback-chain.', h('a', {class: 'button', href: '/openapi.json'}, 'The API’s document')));
        } catch (error) {
            if (error.status === 404) later();
            else if (error.name !== 'AbortError') replace(this.chains, failure(error, () => this.#loadChains()));
        }
    }

    async #loadStrategies() {
        let measured = new Map();
        if (await offers('get', '/recovery/strategies')) {
            try {
                const answer = await api.get('/recovery/strategies', {}, {signal: this.signal});
                measured = new Map((answer.data ?? []).map((one) => [one.error_type, one]));
            } catch (error) {
                if (error.name === 'AbortError') return;
                if (error.status !== 404) return void replace(this.catalogue, failure(error, () => this.#loadStrategies()));
            }
        }
        replace(this.note, measured.size ? 'Ranked by what has worked here' : 'What happens now');
        replace(this.catalogue, h('div', {class: 'scroll-x', tabindex: '0', role: 'region', 'aria-label': 'Error types'}, h('table', {class: 'table errors'},
            h('thead', {}, h('tr', {}, ['Error type', 'Class', 'Comes from', measured.size ? 'What has worked' : 'What happens'].map((label) => h('th', {scope: 'col'}, label)))),
            h('tbody', {}, ERRORS.map(([type, from, kind, then]) => h('tr', {data: {type}},
                h('th', {scope: 'row'}, h('a', {href: href('/dead-letters', {error: type}), class: 'row-link', title: 'Its dead letters'}, h('code', {}, type))),
                h('td', {}, mark(CLASSES[measured.get(type)?.class ?? kind] ?? CLASSES.policy)), h('td', {class: 'muted'}, from),
                h('td', {}, measured.get(type)?.strategies?.length ? strategies(measured.get(type).strategies) : then)))))));
        this.#pointOut();
    }

    #pointOut() {
        const type = place().params.get('error');
        for (const row of this.catalogue.querySelectorAll('[data-type]')) {
            row.classList.toggle('is-selected', row.dataset.type === type);
            if (row.dataset.type === type) row.scrollIntoView({block: 'nearest'});
        }
    }
}

function strategies(list) {
    return h('ol', {class: 'ways'}, list.map((one) => h('li', {title: one.description ?? STRATEGIES[one.strategy]}, h('span', {}, words(one.strategy)),
        one.measured ? [h('span', {class: 'progress', 'aria-hidden': 'true'}, h('span', {class: 'progress-fill', css: {'--share': one.measured.success_rate}})),
            h('span', {class: 'muted'}, `${percent(one.measured.success_rate)} of ${count(one.measured.tried)}`)] : h('span', {class: 'faint'}, one.automatic ? 'automatic, not measured yet' : 'not tried yet'))));
}

function chain(one) {
    const {match} = one;
    const conditions = match ? [match.task_type && `type ${match.task_type}`, match.agent_id && `agent ${match.agent_id}`, match.error_types?.length && match.error_types.map(words).join(' or '),
        match.min_amount && `from ${match.min_amount} up`, match.user_id && `user ${match.user_id}`].filter(Boolean) : [];
    return h('li', {class: 'chain'}, h('div', {class: 'chain-head'}, h('h3', {}, one.name), one.enabled === false ? mark({icon: 'pause', word: 'switched off', tone: 'still'}) : null,
        h('span', {class: 'muted'}, conditions.length ? `for ${conditions.join(', ')}` : one.task_id ? 'for one task' : 'for tasks that name it')),
    h('ol', {class: 'chain-steps'}, (one.steps ?? []).map(({strategy, when, ...parameters}, index) => h('li', {class: 'chain-step', title: STRATEGIES[strategy]}, h('span', {class: 'badge'}, index + 1), h('strong', {}, words(strategy)),
        h('span', {class: 'muted'}, [...Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined).map(([name, value]) => `${words(name.replace(/_ms$/, ''))} ${name.endsWith('_ms') ? span(value) : typeof value === 'object' ? '…' : value}`),
            ...(when?.error_types?.length ? [`on ${when.error_types.map(words).join(' or ')}`] : [])].join(', ')))),
    h('li', {class: 'chain-step is-end'}, icon('dead_letters'), 'dead letters')));
}

define('k-recovery', Recovery);
