// Failures put together by what went wrong: a thousand entries of one kind are one thing to decide.

import {api} from '../../core/api.js';
import {define, h, keyed, Part, replace, setText} from '../../core/dom.js';
import {count, money, words} from '../../core/format.js';
import {icon} from '../../core/icons.js';
import {href} from '../../core/router.js';
import {session} from '../../core/session.js';
import {resources, store} from '../../core/store.js';
import {does} from '../../core/strategies.js';
import {timeOf} from '../../core/time.js';
import {actOnMany} from '../../components/bulk.js';
import {empty, failure, loading} from '../../components/empty.js';
import {severityMark} from '../../components/state.js';
import {ACTS} from './act.js';
import {closing, inOrder, titleOf} from './groups.js';

/** While entries come and go the groups are asked for again, not more often than this. */
const PAUSE = 1_500;

class Groups extends Part {
    mount() {
        this.list = h('ul', {class: 'letter-groups'});
        this.foot = h('p', {class: 'list-end'});
        this.holder = h('div', {}, h('div', {class: 'card'}, loading(6)));
        replace(this, this.holder, this.foot);
        this.atEnd(store.on('events', (events) => this.take(events)));
        this.atEnd(store.on('reload', () => { if (this.params) this.load(this.params); }));
        this.atEnd(resources.alerts.subscribe(() => { if (this.groups) this.redraw(); }));
    }

    unmount() { clearTimeout(this.soon); }

    /** Loads the groups of these parameters; the first of them are asked for again when something happens. */
    async load(params) {
        this.params = params;
        this.order = [];
        await this.#ask();
    }

    async #ask() {
        const serial = this.serial = (this.serial ?? 0) + 1;
        this.askedAt = Date.now();
        try {
            const page = await api.get('/failed-tasks/groups', {...this.params, limit: 100}, {signal: this.signal});
            if (serial !== this.serial) return;
            this.groups = page.data;
            this.cursor = page.next_cursor;
            this.redraw();
        } catch (error) {
            if (error.name !== 'AbortError' && serial === this.serial) replace(this.holder, failure(error, () => this.load(this.params)));
        }
    }

    async #more(button) {
        button.disabled = true;
        try {
            const page = await api.get('/failed-tasks/groups', {...this.params, limit: 100, cursor: this.cursor}, {signal: this.signal});
            this.groups = [...this.groups, ...page.data];
            this.cursor = page.next_cursor;
            this.redraw();
        } catch (error) { if (error.name !== 'AbortError') setText(this.foot, error.message); }
    }

    take(events) {
        if (!this.params || this.hidden || !events.some((event) => event.type === 'moved_to_dlq' || closing(event))) return;
        this.soon ??= setTimeout(() => { this.soon = null; if (this.isConnected) this.#ask(); }, Math.max(60, this.askedAt + PAUSE - Date.now()));
    }

    draw() {
        const groups = inOrder(this.groups, this.order);
        this.order = groups.map((group) => group.group);
        if (groups.length === 0) {
            const isFiltered = ['agent', 'error_type', 'task_type', 'min_amount', 'group', 'user_id'].some((name) => this.params[name]);
            replace(this.holder, h('div', {class: 'card'}, isFiltered
                ? empty('search', 'No failure fits', 'Loosen the filter, or look at all of them.', h('a', {class: 'button', href: '/dead-letters'}, 'Remove the filter'))
                : empty('check', 'Nothing waits for you', 'A task that fails for good comes here. Failures of one kind stand together, so that they can be mended together.',
                    h('a', {class: 'button', href: href('/dead-letters', {view: 'entries', status: 'all'})}, 'Look at closed entries'))));
        } else {
            if (this.list.parentNode !== this.holder) replace(this.holder, this.list);
            keyed(this.list, groups, (group) => group.group, (group) => card(group, this), refresh);
        }
        replace(this.foot, this.cursor && groups.length ? h('button', {class: 'button is-small', type: 'button', on: {click: (event) => this.#more(event.currentTarget)}}, 'More kinds of failure') : null);
    }
}

function card(group, owner) {
    const parts = {title: h('h2', {}), times: h('span', {class: 'group-count'}), alert: h('a', {class: 'group-alert'}), message: h('p', {class: 'group-message mono'}), facts: h('p', {class: 'group-facts muted'}),
        help: h('p', {class: 'group-facts'}), value: h('p', {class: 'group-value'}), link: h('a', {class: 'button is-quiet is-small push'})};
    const element = h('li', {class: 'card group', data: {group: group.group}});
    const act = (name) => {
        const {sort, ...filter} = owner.params;
        return actOnMany({subject: 'failed_tasks', name, filter: {...filter, group: group.group}, says: titleOf(element.group), value: element.group.value});
    };
    replace(element,
        h('div', {class: 'group-top'}, h('span', {class: 'tone-copper group-mark'}, icon('dead_letters')), parts.title, parts.times, parts.alert, parts.value),
        parts.message, parts.facts, parts.help,
        h('div', {class: 'button-row group-acts'}, session.mayAct ? Object.entries(ACTS).map(([name, one]) => h('button', {
            class: `button is-small${one.tone === 'danger' ? ' is-danger' : ''}`, type: 'button', on: {click: () => act(name)},
        }, icon(one.icon), `${one.verb}…`)) : null, parts.link));
    element.parts = parts;
    return element;
}

function refresh(element, group) {
    element.group = group;
    // An entry names the severity of its own task; an alert has the highest of all of its tasks.
    const severity = resources.alerts.value?.data.find((one) => one.id === group.alert?.id)?.severity ?? group.alert?.severity;
    const signature = JSON.stringify([group.count, group.total, group.last_seen, group.value, group.agents, group.alert, severity]);
    if (element.signature === signature) return;
    element.signature = signature;
    const {parts} = element;
    setText(parts.title, titleOf(group));
    setText(parts.times, group.count === 1 ? 'once' : `${count(group.count)} times`);
    parts.alert.hidden = !group.alert;
    if (group.alert) {
        parts.alert.href = href('/alerts', {alert: group.alert.id});
        parts.alert.title = 'Its alert';
        replace(parts.alert, severityMark(severity));
    }
    replace(parts.value, group.value.length ? [group.value.map((sum) => h('span', {class: 'money sum'}, money(sum))), h('span', {class: 'muted'}, 'at stake')] : null);
    setText(parts.message, group.pattern ?? group.sample?.error?.message ?? '');
    const list = (label, all) => all.length ? h('span', {}, `${label} ${all.slice(0, 3).join(', ')}${all.length > 3 ? ` and ${all.length - 3} more` : ''}`) : null;
    replace(parts.facts, group.count > 1 ? h('span', {}, 'First ', timeOf(group.first_seen)) : null, h('span', {}, group.count > 1 ? 'last ' : 'Failed ', timeOf(group.last_seen)),
        list(group.agents.length > 1 ? 'agents' : 'agent', group.agents), group.total > group.count ? h('span', {}, `${count(group.total)} ever`) : null);
    const ways = group.suggested_strategies ?? [];
    parts.help.hidden = ways.length === 0;
    replace(parts.help, h('span', {class: 'muted'}, 'Could help: ', ways.slice(0, 3).map((name, index) => [index ? ', ' : '', h('a', {href: href('/recovery', {error: group.error_type}), title: does(name)}, words(name))])));
    replace(parts.link, group.count === 1 ? 'Show the entry' : `Show the ${count(group.count)} entries`, icon('chevron'));
    parts.link.href = href('/dead-letters', {view: 'entries', group: group.group});
}

define('k-letter-groups', Groups);
