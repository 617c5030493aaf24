// The alerts of one status, the most severe first; one cause is one alert, however many tasks it has.

import {causeOf} from '../../core/alerts.js';
import {api} from '../../core/api.js';
import {define, h, keyed, Part, replace, setText} from '../../core/dom.js';
import {money} from '../../core/format.js';
import {href, place} from '../../core/router.js';
import {bySeverity} from '../../core/rules.js';
import {ALERTS, Resource} from '../../core/store.js';
import {timeOf} from '../../core/time.js';
import {empty, failure, loading} from '../../components/empty.js';
import {mark, severityMark} from '../../components/state.js';
import {alertActs} from './acts.js';

const NOTHING = {
    firing: ['check', 'Nothing fires', 'An alert is raised when a task fails for good, asks for a person, or a breaker opens.'],
    acknowledged: ['alerts', 'None is taken on', 'An alert that somebody acknowledges stands here until it is resolved.'],
    resolved: ['alerts', 'None is resolved yet', 'An alert resolves by itself when its task completes, its dead letter is closed or its breaker closes.'],
};

/** `<k-alert-list status="firing">`; tells of what was done by the event `alert-acted` with the alert. */
class AlertList extends Part {
    mount() {
        this.list = h('ul', {class: 'alert-list'});
        this.foot = h('p', {class: 'list-end muted'});
        this.holder = h('div', {class: 'card list-card'}, loading(5));
        replace(this, this.holder, this.foot);
        const status = this.getAttribute('status');
        this.resource = new Resource(() => api.get('/alerts', {status, limit: 200}), {every: 10_000, on: ALERTS, least: 700});
        this.atEnd(this.resource.subscribe((one) => this.show(one)));
    }

    refresh() { this.resource.refresh(); }

    show({value, error}) {
        if (!value) { if (error) replace(this.holder, failure(error, () => this.refresh())); return; }
        const status = this.getAttribute('status');
        const alerts = status === 'resolved' ? value.data : bySeverity(value.data);
        if (alerts.length === 0) return void replace(this.holder, empty(...NOTHING[status]));
        if (this.list.parentNode !== this.holder) replace(this.holder, this.list);
        keyed(this.list, alerts, (alert) => alert.id, (alert) => h('li', {class: 'alert-row', data: {alert: alert.id}}), (row, alert) => this.#row(row, alert));
        setText(this.foot, value.next_cursor ? 'The newest 200.' : '');
        this.point(place().params.get('alert'));
    }

    /** Marks the one that is shown beside the list. */
    point(id) { for (const row of this.list.children) row.classList.toggle('is-selected', row.dataset.alert === id); }

    #row(row, alert) {
        const signature = JSON.stringify(alert);
        if (row.signature === signature) return;
        row.signature = signature;
        const focused = row.contains(document.activeElement) ? document.activeElement.textContent : null;
        const cause = causeOf(alert);
        const changed = (after) => { this.refresh(); this.dispatchEvent(new CustomEvent('alert-acted', {bubbles: true, detail: after})); };
        replace(row, severityMark(alert.severity, {badge: true}),
            h('div', {class: 'alert-what'},
                h('p', {class: 'alert-title'}, h('a', {class: 'row-link', href: href('/alerts', {status: alert.status === 'firing' ? null : alert.status, alert: alert.id}), data: {replace: ''}}, alert.title)),
                alert.summary && alert.summary !== alert.title ? h('p', {class: 'muted alert-summary'}, alert.summary) : null,
                h('p', {class: 'alert-facts'}, h('span', {}, 'since ', timeOf(alert.first_raised_at)), alert.last_raised_at !== alert.first_raised_at ? h('span', {}, 'last ', timeOf(alert.last_raised_at)) : null,
                    alert.silenced ? mark({icon: 'silence', word: 'silenced', tone: 'still'}) : null,
                    cause ? h('a', {href: href(cause.path, cause.params)}, cause.label) : alert.task_ids[0] ? h('a', {href: `/tasks/${alert.task_ids[0]}?tab=recovery`}, 'Its task') : null)),
            h('div', {class: 'alert-value'}, (alert.value ?? []).map((sum) => h('span', {class: 'money sum'}, money(sum)))),
            h('div', {class: 'button-row alert-acts'}, alertActs(alert, changed)));
        if (focused !== null) ([...row.querySelectorAll('a, button')].find((one) => one.textContent === focused) ?? row.querySelector('a')).focus({preventScroll: true});
    }
}
define('k-alert-list', AlertList);
