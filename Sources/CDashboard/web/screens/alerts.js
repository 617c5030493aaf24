// Alerts: what fires, what somebody has taken on, what is over; and where they are told.

import {api} from '../core/api.js';
import {define, h, Part, replace, setText} from '../core/dom.js';
import {counted, money, words} from '../core/format.js';
import {icon} from '../core/icons.js';
import {offers} from '../core/offers.js';
import {onPlace, place, setParams} from '../core/router.js';
import {session} from '../core/session.js';
import {Resource, resources} from '../core/store.js';
import {timeOf} from '../core/time.js';
import {empty, failure, loading} from '../components/empty.js';
import {segments} from '../components/segments.js';
import {severityMark} from '../components/state.js';
import {toast, toastError} from '../components/toast.js';

const STATUS = [['firing', 'Firing'], ['acknowledged', 'Acknowledged'], ['resolved', 'Resolved']];
const NOTHING = {
    firing: ['check', 'Nothing fires', 'An alert is raised when a task fails for good, asks for a person, or a breaker opens.'],
    acknowledged: ['alerts', 'None is taken on', 'An alert that somebody acknowledges stands here until it is resolved.'],
    resolved: ['alerts', 'None is resolved yet', 'An alert resolves by itself when its task completes, its dead letter is closed or its breaker closes.'],
};

class Alerts extends Part {
    async mount() {
        this.holder = h('div', {class: 'card'}, loading(5));
        this.channels = h('div', {});
        this.status = segments('Status', STATUS, 'firing', (value) => setParams({status: value === 'firing' ? null : value}));
        this.status.hidden = true;
        replace(this, h('div', {class: 'screen'}, h('div', {class: 'screen-head'}, h('h1', {}, 'Alerts'), this.status), this.holder, this.channels));
        if (!await offers('get', '/alerts')) return this.#later();
        if (!this.isConnected) return;
        this.status.hidden = false;
        this.list = new Resource(() => api.get('/alerts', {status: place().params.get('status') ?? 'firing', limit: 200}), {every: 10_000, on: ['alert_raised', 'alert_resolved'], least: 700});
        this.atEnd(this.list.subscribe((one) => this.#show(one)));
        this.atEnd(onPlace(({path}) => { if (path === '/alerts') { this.status.choose(place().params.get('status') ?? 'firing'); this.list.refresh(); } }));
        this.status.choose(place().params.get('status') ?? 'firing');
        if (session.isAdmin && await offers('get', '/alert-channels')) this.#loadChannels();
    }

    /** This version raises none yet: says where to look instead, with what stands there. */
    #later() {
        const letters = h('a', {class: 'button', href: '/dead-letters'}, icon('dead_letters'), h('span', {}, 'Dead letters'));
        const breakers = h('a', {class: 'button', href: '/breakers'}, icon('breakers'), h('span', {}, 'Breakers'));
        replace(this.holder, empty('alerts', 'Alerts come with a later version', 'Until then Dead letters and Breakers show what needs someone.', letters, breakers));
        this.atEnd(resources.health.subscribe(({value}) => {
            if (!value) return;
            const open = value.circuit_breakers.filter((one) => one.state !== 'closed').length;
            setText(letters.lastElementChild, counted(value.dead_letters.pending, 'dead letter'));
            setText(breakers.lastElementChild, open ? `${counted(open, 'breaker')} not closed` : 'All breakers are closed');
        }));
    }

    #show({value, error}) {
        if (!value) {
            if (error?.status === 404) this.#later();
            else if (error) replace(this.holder, failure(error, () => this.list.refresh()));
            return;
        }
        const status = place().params.get('status') ?? 'firing';
        if (value.data.length === 0) return void replace(this.holder, empty(...NOTHING[status] ?? NOTHING.firing));
        replace(this.holder, h('ul', {class: 'alert-list'}, value.data.map((alert) => this.#row(alert))));
    }

    #row(alert) {
        const act = (name, label) => h('button', {class: 'button is-small', type: 'button', on: {click: () => this.#act(alert, name)}}, label);
        const task = alert.task_ids?.[0] ?? alert.task_id;
        return h('li', {class: 'alert-row'}, severityMark(alert.severity, {badge: true}),
            h('div', {class: 'grow'}, h('p', {}, h('strong', {}, alert.title ?? 'Alert')), h('p', {class: 'muted'}, alert.count > 1 ? `${counted(alert.count, 'task')}, ` : null, timeOf(alert.raised_at ?? alert.created_at ?? alert.at))),
            (alert.value ?? []).map((sum) => h('span', {class: 'money'}, money(sum))),
            task ? h('a', {class: 'button is-small is-quiet', href: `/tasks/${task}`}, 'Task') : null,
            session.mayAct && alert.status === 'firing' ? act('acknowledge', 'Acknowledge') : null, session.mayAct && alert.status !== 'resolved' ? act('resolve', 'Resolve') : null);
    }

    async #act(alert, name) {
        try {
            await api.post(`/alerts/${alert.id}/${name}`);
            toast(`“${alert.title}” is ${name}d.`);
            this.list.refresh();
        } catch (error) { toastError(error, 'That was refused.'); }
    }

    async #loadChannels() {
        try {
            const {data} = await api.get('/alert-channels', {limit: 200}, {signal: this.signal});
            const test = async (channel) => {
                try { await api.post(`/alert-channels/${channel.id}/test`); toast(`A test went to ${channel.name}.`); } catch (error) { toastError(error, 'The test failed.'); }
            };
            replace(this.channels, h('section', {class: 'card', 'aria-labelledby': 'channels-title'}, h('div', {class: 'card-head'}, h('h2', {id: 'channels-title'}, 'Channels')),
                data.length ? h('ul', {class: 'alert-list'}, data.map((channel) => h('li', {class: 'alert-row'}, icon('alerts'), h('div', {class: 'grow'}, h('strong', {}, channel.name), h('p', {class: 'muted'}, `${words(channel.kind)}, from ${channel.min_severity} up`)),
                    h('button', {class: 'button is-small', type: 'button', on: {click: () => test(channel)}}, 'Send test'))))
                    : empty('alerts', 'No channel yet', 'Alerts are shown here only. A channel tells them by webhook, Slack, PagerDuty or mail: POST /api/v1/alert-channels makes one.')));
        } catch (error) {
            if (error.status !== 404 && error.name !== 'AbortError') replace(this.channels, failure(error, () => this.#loadChannels()));
        }
    }
}
define('k-alerts', Alerts);
