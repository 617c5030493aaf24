// What channels are not told of for a while: each silence has an end.

import {matchWords} from '../../core/alerts.js';
import {api} from '../../core/api.js';
import {define, h, Part, replace} from '../../core/dom.js';
import {actorName} from '../../core/format.js';
import {icon} from '../../core/icons.js';
import {Resource} from '../../core/store.js';
import {now, timeOf} from '../../core/time.js';
import {empty, failure, loading} from '../../components/empty.js';
import {mark} from '../../components/state.js';
import {toast, toastError} from '../../components/toast.js';
import {silence} from './acts.js';

class Silences extends Part {
    mount() {
        this.holder = h('div', {class: 'card list-card'}, loading(3));
        const make = () => silence().then((made) => { if (made) this.refresh(); });
        replace(this, h('div', {class: 'alerts-bar'}, h('p', {class: 'lead'}, 'Alerts are raised and shown all the same; channels are not told. Every silence ends by itself.'),
            h('button', {class: 'button is-primary push-always', type: 'button', on: {click: make}}, icon('plus'), 'Add a silence')), this.holder);
        this.resource = new Resource(() => api.get('/alert-silences', {limit: 200}), {every: 10_000});
        this.atEnd(this.resource.subscribe((one) => this.show(one)));
    }

    refresh() { this.resource.refresh(); }

    show({value, error}) {
        if (!value) { if (error) replace(this.holder, failure(error, () => this.refresh())); return; }
        const all = [...value.data].sort((a, b) => Date.parse(a.ends_at) - Date.parse(b.ends_at));
        const signature = JSON.stringify(all.map((one) => [one.id, isOver(one)]));
        if (signature === this.signature) return;
        this.signature = signature;
        replace(this.holder, all.length ? h('ul', {class: 'alert-list'}, [...all.filter((one) => !isOver(one)), ...all.filter(isOver)].map((one) => this.#row(one)))
            : empty('silence', 'Nothing is silenced', 'Before an outage that you know of, or while you work on one, keep its alerts silent: from the alert itself, or here.'));
    }

    #row(one) {
        const isAhead = Date.parse(one.starts_at) > now();
        const look = isOver(one) ? {icon: 'check', word: 'over', tone: 'still'} : isAhead ? {icon: 'clock', word: 'later', tone: 'still'} : {icon: 'silence', word: 'silent', tone: 'accent'};
        return h('li', {class: `alert-row${isOver(one) ? ' is-over' : ''}`}, mark(look, {badge: true}),
            h('div', {class: 'alert-what'}, h('p', {class: 'alert-title'}, matchWords(one.match)), one.comment ? h('p', {class: 'muted'}, one.comment) : null,
                h('p', {class: 'alert-facts'}, isAhead ? h('span', {}, 'begins ', timeOf(one.starts_at)) : null, h('span', {}, isOver(one) ? 'ended ' : 'ends ', timeOf(one.ends_at)), h('span', {}, `by ${actorName(one.created_by)}`))),
            isOver(one) ? null : h('button', {class: 'button is-small', type: 'button', on: {click: () => this.#end(one)}}, icon('cancel'), 'End it now'));
    }

    async #end(one) {
        try {
            await api.remove(`/alert-silences/${one.id}`);
            toast('The silence has ended: channels are told again.');
        } catch (error) { toastError(error, 'That was refused.'); }
        this.refresh();
    }
}
define('k-silences', Silences);

function isOver(one) { return Date.parse(one.ends_at) <= now(); }
