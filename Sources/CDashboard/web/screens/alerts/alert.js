// One alert: its cause, its tasks, what is at stake, who was told, who has taken it on.

import {causeOf, STATUSES, toldWords} from '../../core/alerts.js';
import {api} from '../../core/api.js';
import {define, h, Part, replace} from '../../core/dom.js';
import {actorName, count, money, shortID, words} from '../../core/format.js';
import {href} from '../../core/router.js';
import {session} from '../../core/session.js';
import {ALERTS, Resource} from '../../core/store.js';
import {timeOf} from '../../core/time.js';
import {failure, loading} from '../../components/empty.js';
import {mark, severityMark} from '../../components/state.js';
import {alertActs} from './acts.js';

/** `<k-alert alert-id="…">`; tells of what was done by the event `alert-changed`. */
class Alert extends Part {
    mount() {
        this.body = h('section', {class: 'alert-detail', 'aria-label': 'The alert'}, loading(5));
        replace(this, this.body);
        this.resource = new Resource(() => api.get(`/alerts/${this.getAttribute('alert-id')}`), {every: 8_000, on: ALERTS, least: 700});
        this.leave = this.resource.subscribe((one) => this.show(one));
        this.atEnd(() => this.leave());
        // What was done in the list is known here at once.
        this.closest('k-alerts')?.addEventListener('alert-acted', ({detail}) => { if (detail.id === this.getAttribute('alert-id')) this.resource.refresh(); }, {signal: this.signal});
    }

    show({value: alert, error}) {
        if (!alert) {
            if (!error) return;
            replace(this.body, failure(error, () => this.resource.refresh()));
            // What is not there does not come.
            if (error.status === 404) queueMicrotask(() => this.leave());
            return;
        }
        const signature = JSON.stringify(alert);
        if (signature === this.signature) return;
        this.signature = signature;
        const cause = causeOf(alert);
        const changed = () => { this.resource.refresh(); this.dispatchEvent(new CustomEvent('alert-changed', {bubbles: true})); };
        replace(this.body, h('div', {class: 'letter-top'}, severityMark(alert.severity, {badge: true}), mark(STATUSES[alert.status] ?? STATUSES.firing, {badge: true}),
            h('span', {class: 'push-always'}, (alert.value ?? []).map((sum) => h('span', {class: 'money sum'}, money(sum))))),
        h('h2', {}, alert.title), alert.summary && alert.summary !== alert.title ? h('p', {class: 'muted'}, alert.summary) : null,
        h('div', {class: 'button-row'}, alertActs(alert, changed, 'is-primary')), this.#facts(alert, cause),
        alert.error?.message && !alert.summary?.includes(alert.error.message) ? h('p', {class: 'group-message mono'}, alert.error.message) : null,
        alert.task_ids.length ? [h('h3', {}, 'Tasks'), h('ul', {class: 'alert-tasks'}, alert.task_ids.map((id) => h('li', {}, h('a', {class: 'id', href: `/tasks/${id}?tab=recovery`, title: id}, shortID(id))))),
            alert.count > alert.task_ids.length && cause ? h('p', {}, h('a', {href: href(cause.path, cause.params)}, `and ${count(alert.count - alert.task_ids.length)} more`)) : null] : null);
    }

    #facts(alert, cause) {
        const fact = (label, ...value) => [h('dt', {}, label), h('dd', {}, value)];
        return h('dl', {class: 'facts'}, cause ? fact('Mend it', h('a', {href: href(cause.path, cause.params)}, cause.label)) : null,
            alert.kind === 'task' ? fact('Tasks', `${count(alert.count)} open, ${count(alert.total)} in all`) : null,
            fact('Since', timeOf(alert.first_raised_at)), fact('Last', timeOf(alert.last_raised_at)),
            alert.provider && alert.kind !== 'channel' ? fact('Provider', h('a', {href: href('/breakers', {provider: alert.provider})}, alert.provider)) : null,
            alert.error_type ? fact('Error', h('a', {href: href('/recovery', {error: alert.error_type})}, words(alert.error_type)), alert.error?.http_status ? `, HTTP ${alert.error.http_status}` : '') : null,
            alert.user_id && session.isAdmin ? fact('User', alert.user_id) : null,
            fact('Told', toldWords(alert), alert.notifications?.last_at ? [' Last ', timeOf(alert.notifications.last_at), '.'] : ''),
            alert.acknowledged_at ? fact('Taken on', `by ${actorName(alert.acknowledged_by)} `, timeOf(alert.acknowledged_at)) : null,
            alert.resolved_at ? fact('Resolved', `by ${actorName(alert.resolved_by)} `, timeOf(alert.resolved_at)) : null, alert.note ? fact('Note', alert.note) : null);
    }
}
define('k-alert', Alert);
