// Where alerts are told: each channel with what it is told, whether it works, and a test.

import {CHANNELS, HEALTH, matchWords, quietWords} from '../../core/alerts.js';
import {api} from '../../core/api.js';
import {define, h, Part, replace} from '../../core/dom.js';
import {span} from '../../core/format.js';
import {icon} from '../../core/icons.js';
import {href, place} from '../../core/router.js';
import {Resource} from '../../core/store.js';
import {timeOf} from '../../core/time.js';
import {confirm, sheet} from '../../components/dialog.js';
import {empty, failure, loading} from '../../components/empty.js';
import {mark} from '../../components/state.js';
import {showSecret} from '../../components/secret.js';
import {toast, toastError} from '../../components/toast.js';
import {channelForm} from './channel-form.js';
import {errorWords, outcome} from './deliveries.js';

class Channels extends Part {
    mount() {
        this.holder = h('div', {}, h('div', {class: 'card'}, loading(4)));
        this.tests = new Map();
        replace(this, h('div', {class: 'alerts-bar'}, h('p', {class: 'lead'}, 'Each is told of the alerts that fit it: the first at once, then how many there are, and when it is over.'), this.#maker()), this.holder);
        this.resource = new Resource(() => api.get('/alert-channels', {limit: 200}), {every: 10_000});
        this.atEnd(this.resource.subscribe((one) => this.show(one)));
    }

    #maker() { return h('button', {class: 'button is-primary push-always', type: 'button', on: {click: () => this.#make()}}, icon('plus'), 'Add a channel'); }

    refresh() { return this.resource.refresh(); }

    show({value, error}) {
        if (!value) { if (error) replace(this.holder, failure(error, () => this.refresh())); return; }
        const signature = JSON.stringify(value.data);
        if (signature === this.signature) return;
        this.signature = signature;
        if (value.data.length === 0) {
            return void replace(this.holder, h('div', {class: 'card'}, empty('send', 'No channel yet', 'Alerts are shown here only. A channel tells them where somebody looks at night: Slack, PagerDuty, a mail, a webhook.')));
        }
        const {activeElement: active} = document;
        const focused = this.holder.contains(active) ? [active.closest('[data-channel]')?.dataset.channel, active.dataset.act] : null;
        replace(this.holder, h('ul', {class: 'channels'}, value.data.map((channel) => this.#card(channel))));
        if (focused) this.querySelector(`[data-channel="${focused[0]}"] [data-act="${focused[1]}"]`)?.focus({preventScroll: true});
        this.point(place().params.get('channel'));
    }

    /** Marks the one whose log is shown beside the list. */
    point(id) { for (const card of this.querySelectorAll('[data-channel]')) card.classList.toggle('is-pointed', card.dataset.channel === id); }

    #card(channel) {
        const act = (name, label, look, run, kind = '') => h('button', {class: `button is-small ${kind}`, type: 'button', data: {act: name}, on: {click: (event) => run(event.currentTarget)}}, icon(look), label);
        const health = channel.enabled ? HEALTH[channel.health?.state] ?? HEALTH.unknown : {icon: 'pause', word: 'switched off', tone: 'still'};
        if (!this.tests.has(channel.id)) this.tests.set(channel.id, h('div', {class: 'channel-test', role: 'status'}));
        return h('li', {class: `card channel${channel.enabled ? '' : ' is-off'}`, data: {channel: channel.id}},
            h('div', {class: 'card-head'}, h('h2', {}, channel.name), h('span', {class: 'muted'}, CHANNELS[channel.kind]?.label ?? channel.kind), h('span', {class: 'push-always'}, mark(health))),
            h('div', {class: 'card-body stack'},
                channel.health?.state === 'failing' && channel.health.last_error ? h('p', {class: 'note tone-crack'}, icon('warning'), h('span', {}, errorWords(channel.health.last_error))) : null,
                facts(channel), this.tests.get(channel.id),
                h('div', {class: 'button-row'}, act('test', 'Send test', 'send', (button) => this.#test(channel, button)),
                    h('a', {class: 'button is-small', href: href('/alerts', {view: 'channels', channel: channel.id}), data: {replace: '', act: 'log'}}, icon('tasks'), 'Deliveries'),
                    act('edit', 'Edit…', 'edit', () => this.#edit(channel)), channel.kind === 'webhook' ? act('rotate', 'New secret…', 'key', () => this.#rotate(channel)) : null,
                    act('enable', channel.enabled ? 'Switch off' : 'Switch on', channel.enabled ? 'pause' : 'play', () => this.#enable(channel)),
                    act('delete', 'Delete…', 'cancel', () => this.#remove(channel), 'is-danger'))));
    }

    async #make() { if (await channelForm()) this.refresh(); }

    async #edit(channel) {
        const after = await channelForm(channel);
        if (!after) return;
        toast(`“${after.name}” is changed.`);
        this.refresh();
    }

    async #rotate(channel) {
        const answer = await sheet({title: `A new secret for “${channel.name}”?`, body: h('p', {}, 'What it is told carries the signatures of both secrets for a day, so that its receiver can change over without a miss.'),
            acts: [{label: 'Make a new secret', isDefault: true, run: () => api.post(`/alert-channels/${channel.id}/rotate-secret`)}]});
        if (answer) await showSecret({title: `The new secret of “${channel.name}”`, secret: answer.secret, text: 'It is shown only now. Whoever receives the webhook needs it to verify the signatures.',
            after: answer.previous_expires_at ? h('p', {class: 'muted'}, 'The old one is valid until ', timeOf(answer.previous_expires_at), '.') : null});
    }

    async #enable(channel) {
        try {
            await api.patch(`/alert-channels/${channel.id}`, {enabled: !channel.enabled});
            toast(`“${channel.name}” is switched ${channel.enabled ? 'off' : 'on'}.`);
        } catch (error) { toastError(error, 'That was refused.'); }
        this.refresh();
    }

    async #test(channel, button) {
        const told = this.tests.get(channel.id);
        button.disabled = true;
        replace(told, h('p', {class: 'note'}, icon('send'), h('span', {}, 'Sending a test …')));
        try {
            replace(told, outcome((await api.post(`/alert-channels/${channel.id}/test`)).delivery));
        } catch (error) {
            replace(told, h('p', {class: 'note tone-crack'}, icon('warning'), h('span', {}, error.message)));
        } finally {
            button.disabled = false;
        }
        this.refresh();
        this.dispatchEvent(new CustomEvent('channel-told', {bubbles: true}));
    }

    async #remove(channel) {
        if (!await confirm({title: `Delete “${channel.name}”?`, text: 'It is told nothing more.', act: 'Delete the channel'})) return;
        try {
            await api.remove(`/alert-channels/${channel.id}`);
            toast(`“${channel.name}” is deleted.`);
        } catch (error) { toastError(error, 'It was not deleted.'); }
        this.refresh();
    }
}
define('k-channels', Channels);

function facts(channel) {
    const fact = (label, ...value) => [h('dt', {}, label), h('dd', {}, value)];
    const quiet = quietWords(channel.quiet_hours);
    return h('dl', {class: 'facts'}, fact('Where', h('span', {class: 'mono'}, whereOf(channel))),
        fact('Told of', `${matchWords(channel.match)}, ${channel.min_severity === 'critical' ? 'critical only' : `${channel.min_severity} and above`}`),
        fact('Repeats', channel.repeat_interval_ms ? `every ${span(channel.repeat_interval_ms)} while it fires` : 'never', channel.send_resolved ? ', and tells when it is over' : ''),
        quiet ? fact('Quiet', quiet) : null, channel.health?.last_delivery_at ? fact('Last', timeOf(channel.health.last_delivery_at)) : null);
}

/** Where it goes, as far as that is no secret. */
function whereOf({kind, config}) {
    if (kind === 'email') return `${(config.to ?? []).join(', ')} by ${config.host}:${config.port}`;
    if (kind === 'log') return 'the server’s log';
    return config.url ?? '';
}
