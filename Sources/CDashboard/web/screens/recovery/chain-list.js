// The fallback chains as they are laid down: for whom, in which order, and with what success.

import {api} from '../../core/api.js';
import {bodyOf, formOf, matchWords, statsWords} from '../../core/chain.js';
import {define, h, Part, replace, setText} from '../../core/dom.js';
import {counted} from '../../core/format.js';
import {icon} from '../../core/icons.js';
import {session} from '../../core/session.js';
import {laidSteps} from '../../components/chain-steps.js';
import {confirm} from '../../components/dialog.js';
import {empty, failure, loading} from '../../components/empty.js';
import {mark} from '../../components/state.js';
import {toast, toastError} from '../../components/toast.js';

class Chains extends Part {
    mount() {
        this.amount = h('span', {class: 'muted'});
        this.holder = h('div', {}, loading(4));
        const make = session.mayAct ? h('a', {class: 'button is-small is-primary push-always', href: '/recovery/new'}, icon('plus'), 'Build a chain') : null;
        replace(this, h('section', {class: 'card', 'aria-labelledby': 'chains-title'}, h('div', {class: 'card-head'}, h('h2', {id: 'chains-title'}, 'Fallback chains'), this.amount, make), this.holder));
        this.load();
    }

    async load() {
        try {
            const {data} = await api.get('/recovery/fallback-chain', {limit: 200}, {signal: this.signal});
            this.dispatchEvent(new CustomEvent('chains-known', {detail: data}));
            const on = data.filter((chain) => chain.enabled).length;
            setText(this.amount, data.length ? `${counted(on, 'is', 'are')} switched on` : '');
            replace(this.holder, data.length ? h('ul', {class: 'chains'}, data.map((chain) => this.#card(chain)))
                : empty('recovery', 'No chain yet', 'When automatic retry is not enough, a chain tries other ways in order: another agent, more time, corrected input, a person. Build one, and test it against past failures before you switch it on.'));
        } catch (error) { if (error.name !== 'AbortError') replace(this.holder, failure(error, () => this.load(), 'h3')); }
    }

    #card(chain) {
        const toggle = h('input', {type: 'checkbox', role: 'switch', checked: chain.enabled, 'aria-label': `“${chain.name}” is switched on`, on: {change: () => this.#switch(chain, toggle)}});
        return h('li', {class: `chain${chain.enabled ? '' : ' is-off'}`, data: {chain: chain.id}}, h('div', {class: 'chain-head'}, h('h3', {}, h('a', {class: 'row-link', href: `/recovery/${chain.id}`}, chain.name)),
            session.mayAct ? h('label', {class: 'check'}, toggle, h('span', {}, chain.enabled ? 'on' : 'off')) : mark(chain.enabled ? {icon: 'play', word: 'on', tone: 'glaze'} : {icon: 'pause', word: 'off', tone: 'still'}),
            h('span', {class: 'muted'}, matchWords(chain)), h('span', {class: 'chain-stats'}, statsWords(chain.stats))),
        laidSteps(chain.steps),
        h('div', {class: 'button-row'}, h('a', {class: 'button is-small', href: `/recovery/${chain.id}`}, icon('edit'), session.mayAct ? 'Edit and test' : 'Look at it'),
            session.mayAct ? h('button', {class: 'button is-small is-danger', type: 'button', on: {click: () => this.#remove(chain)}}, icon('cancel'), 'Delete…') : null));
    }

    /** The same chain with the switch turned, exact in every number of its steps. */
    async #switch(chain, toggle) {
        try {
            const form = formOf(await api.raw(`/recovery/fallback-chain/${chain.id}`));
            const saved = await api.put(`/recovery/fallback-chain/${chain.id}`, bodyOf({...form, enabled: toggle.checked}).text);
            toast(`“${saved.name}” is switched ${saved.enabled ? 'on' : 'off'}.`);
        } catch (error) { toastError(error, 'That was refused.'); }
        await this.load();
        this.querySelector(`[data-chain="${chain.id}"] [role="switch"]`)?.focus();
    }

    async #remove(chain) {
        if (!await confirm({title: `Delete “${chain.name}”?`, text: 'Tasks that run it go on to its end. New failures no longer find it.', act: 'Delete the chain'})) return;
        try {
            await api.remove(`/recovery/fallback-chain/${chain.id}`);
            toast(`“${chain.name}” is deleted.`);
        } catch (error) { toastError(error, 'It was not deleted.'); }
        this.load();
    }
}
define('k-chains', Chains);
