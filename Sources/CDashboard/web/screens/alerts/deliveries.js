// What a channel was told, and what came of each: its log.

import {DELIVERIES, deliveryWords} from '../../core/alerts.js';
import {api} from '../../core/api.js';
import {define, h, Part, replace} from '../../core/dom.js';
import {counted, span} from '../../core/format.js';
import {icon} from '../../core/icons.js';
import {href} from '../../core/router.js';
import {Resource} from '../../core/store.js';
import {timeOf} from '../../core/time.js';
import {empty, failure, loading} from '../../components/empty.js';
import {mark} from '../../components/state.js';

/** An error as a text or as an object. */
export function errorWords(error) { return typeof error === 'string' ? error : error?.message ?? ''; }

/** How a test ended, as a note. */
export function outcome(delivery) {
    const look = DELIVERIES[delivery.status] ?? DELIVERIES.pending;
    const how = [delivery.http_status ? `HTTP ${delivery.http_status}` : '', typeof delivery.duration_ms === 'number' ? `in ${span(delivery.duration_ms)}` : ''].filter(Boolean).join(' ');
    const says = {delivered: `The test was delivered${how ? `: ${how}` : ''}.`, failed: `The test did not arrive. ${errorWords(delivery.error)}`}[delivery.status]
        ?? `Not delivered yet: ${counted(delivery.attempts ?? 0, 'attempt')} made, it is tried again. ${errorWords(delivery.error)}`;
    return h('div', {class: `note tone-${look.tone}`}, icon(look.icon), h('div', {class: 'grow'}, h('p', {}, says), request(delivery)));
}

function request({request: sent}) {
    if (!sent) return null;
    return h('details', {}, h('summary', {}, 'What was sent'), h('pre', {class: 'delivery-request', tabindex: '0'}, typeof sent === 'string' ? sent : JSON.stringify(sent, null, 2)));
}

/** `<k-deliveries channel-id="…">` */
class Deliveries extends Part {
    mount() {
        const id = this.getAttribute('channel-id');
        this.heading = h('h2', {}, 'Deliveries');
        this.holder = h('div', {}, loading(5));
        replace(this, h('section', {class: 'alert-detail', 'aria-label': 'Deliveries'}, this.heading, this.holder));
        this.resource = new Resource(() => api.get(`/alert-channels/${id}/deliveries`, {limit: 100}), {every: 5_000});
        this.atEnd(this.resource.subscribe((one) => this.show(one)));
        this.closest('k-alerts')?.addEventListener('channel-told', () => this.resource.refresh(), {signal: this.signal});
        api.get(`/alert-channels/${id}`, {}, {signal: this.signal}).then(({name}) => replace(this.heading, `Deliveries of “${name}”`), () => {});
    }

    show({value, error}) {
        if (!value) { if (error) replace(this.holder, failure(error, () => this.resource.refresh(), 'h3')); return; }
        const signature = JSON.stringify(value.data);
        // Not under the eyes of somebody who reads what was sent.
        if (signature === this.signature || this.holder.querySelector('details[open]')) return;
        this.signature = signature;
        replace(this.holder, value.data.length ? h('ol', {class: 'deliveries'}, value.data.map(row)) : empty('send', 'It was told nothing yet', 'Send a test, or wait for an alert that fits it.'),
            value.next_cursor ? h('p', {class: 'list-end muted'}, 'The newest 100.') : null);
    }
}
define('k-deliveries', Deliveries);

function row(delivery) {
    const facts = [delivery.http_status ? `HTTP ${delivery.http_status}` : '', typeof delivery.duration_ms === 'number' ? span(delivery.duration_ms) : '', delivery.attempts > 1 ? counted(delivery.attempts, 'attempt') : ''].filter(Boolean).join(' · ');
    return h('li', {class: 'delivery'}, mark(DELIVERIES[delivery.status] ?? DELIVERIES.pending), h('span', {}, deliveryWords(delivery)), h('span', {class: 'push-always nowrap muted'}, timeOf(delivery.created_at)),
        h('div', {class: 'delivery-more'}, facts ? h('p', {class: 'muted'}, facts) : null, delivery.error ? h('p', {class: 'delivery-error'}, errorWords(delivery.error)) : null,
            h('p', {class: 'delivery-links'}, delivery.alert_id ? h('a', {href: href('/alerts', {alert: delivery.alert_id})}, 'The alert') : null, h('a', {href: `/tasks/${delivery.id}`}, 'The delivery as a task')), request(delivery)));
}
