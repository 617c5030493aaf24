// Failures put together by what went wrong: a thousand entries of one kind are one thing to decide.

import {api} from '../../core/api.js';
import {define, h, keyed, Part, replace, setText} from '../../core/dom.js';
import {count, counted, money} from '../../core/format.js';
import {icon} from '../../core/icons.js';
import {offers} from '../../core/offers.js';
import {href} from '../../core/router.js';
import {session} from '../../core/session.js';
import {store} from '../../core/store.js';
import {timeOf} from '../../core/time.js';
import {empty, failure, loading} from '../../components/empty.js';
import {ACTS, actOnMany, forGroups} from './acts.js';
import {asGroup, closing, entryOf, fits, groupsOf, titleOf} from './groups.js';

class Groups extends Part {
    mount() {
        this.list = h('ul', {class: 'letter-groups'});
        this.foot = h('p', {class: 'list-end muted'});
        this.holder = h('div', {}, h('div', {class: 'card'}, loading(6)));
        replace(this, this.holder, this.foot);
        this.atEnd(store.on('events', (events) => this.take(events)));
        this.atEnd(store.on('reload', () => { if (this.params) this.load(this.params); }));
    }

    async load(params) {
        const serial = this.serial = (this.serial ?? 0) + 1;
        this.params = params;
        try {
            const loaded = await this.#ask(params);
            if (serial !== this.serial) return;
            this.order = null;
            Object.assign(this, loaded);
            this.redraw();
        } catch (error) {
            if (error.name !== 'AbortError' && serial === this.serial) replace(this.holder, failure(error, () => this.load(params)));
        }
    }

    /** Grouped by the server where it can; else from the newest entries, here. */
    async #ask(params) {
        if (await offers('get', '/failed-tasks/groups')) {
            try {
                const answer = await api.get('/failed-tasks/groups', {...params, limit: 200}, {signal: this.signal});
                return {entries: null, served: answer.data.map(asGroup), hasMore: answer.next_cursor !== null};
            } catch (error) { if (error.status !== 404) throw error; }
        }
        const {items, hasMore} = await forGroups(params, this.signal);
        return {entries: new Map(items.map((entry) => [entry.id, entry])), served: null, hasMore};
    }

    take(events) {
        let isChanged = false;
        for (const event of events) {
            const closed = closing(event);
            const entry = event.type === 'moved_to_dlq' ? entryOf(event) : null;
            if (!closed && !entry) continue;
            isChanged = true;
            if (closed) this.entries?.delete(closed.id);
            if (entry && this.entries && fits(entry, this.params)) this.entries.set(entry.id, entry);
        }
        if (!isChanged || !this.params) return;
        if (this.entries) this.redraw();
        else this.reloading ??= setTimeout(() => { this.reloading = null; if (this.isConnected) this.load(this.params); }, 4_000);
    }

    unmount() { clearTimeout(this.reloading); }

    draw() {
        const groups = this.served ?? groupsOf([...this.entries.values()]);
        // What is being read keeps its place; a new kind of failure goes to the end until the list is asked for again.
        this.order ??= groups.map((group) => group.id);
        const place = (group) => { const index = this.order.indexOf(group.id); return index < 0 ? Infinity : index; };
        groups.sort((a, b) => place(a) - place(b) || 0);
        this.order = groups.map((group) => group.id);
        if (groups.length === 0) {
            const isFiltered = Object.values(this.params).some(Boolean);
            replace(this.holder, h('div', {class: 'card'}, isFiltered
                ? empty('search', 'No failure fits', 'Loosen the filter, or look at all of them.', h('a', {class: 'button', href: '/dead-letters'}, 'Remove the filter'))
                : empty('check', 'Nothing waits for you', 'A task that fails for good comes here. Failures of one kind stand together, so that they can be mended together.',
                    h('a', {class: 'button', href: href('/dead-letters', {view: 'entries', status: 'all'})}, 'Look at closed entries'))));
        } else {
            if (this.list.parentNode !== this.holder) replace(this.holder, this.list);
            keyed(this.list, groups, (group) => group.id, (group) => card(group, this), refresh);
        }
        setText(this.foot, groups.length === 0 ? '' : this.entries
            ? `Grouped from ${this.hasMore ? `the newest ${count(this.entries.size)}` : `all ${counted(this.entries.size, 'pending entry', 'pending entries')}`}.`
            : this.hasMore ? 'The first 200 groups.' : '');
    }
}

function card(group, owner) {
    const parts = {title: h('h2', {}), times: h('span', {class: 'group-count'}), message: h('p', {class: 'group-message mono'}), facts: h('p', {class: 'group-facts muted'}),
        value: h('p', {class: 'group-value'}), link: h('a', {class: 'button is-quiet is-small push'})};
    const element = h('li', {class: 'card group', data: {group: group.id}});
    const act = async (name) => {
        const now = element.group;
        await actOnMany(name, {filter: {...owner.params, group: now.id}, text: titleOf(now)});
    };
    replace(element,
        h('div', {class: 'group-top'}, h('span', {class: 'tone-copper group-mark'}, icon('dead_letters')), parts.title, parts.times, parts.value),
        parts.message, parts.facts,
        h('div', {class: 'button-row group-acts'}, session.mayAct ? Object.entries(ACTS).map(([name, one]) => h('button', {
            class: `button is-small${one.tone === 'danger' ? ' is-danger' : ''}`, type: 'button', on: {click: () => act(name)},
        }, icon(one.icon), `${one.verb}…`)) : null, parts.link));
    element.parts = parts;
    return element;
}

function refresh(element, group) {
    element.group = group;
    const signature = JSON.stringify([group.count, group.last, group.value, group.agents]);
    if (element.signature === signature) return;
    element.signature = signature;
    const {parts} = element;
    setText(parts.title, titleOf(group));
    setText(parts.times, group.count === 1 ? 'once' : `${count(group.count)} times`);
    replace(parts.value, group.value.length ? [group.value.map((sum) => h('span', {class: 'money sum'}, money(sum))), h('span', {class: 'muted'}, 'at stake')] : null);
    setText(parts.message, group.sample?.error?.message ?? '');
    const list = (label, all) => all.length ? h('span', {}, `${label} ${all.slice(0, 3).join(', ')}${all.length > 3 ? ` and ${all.length - 3} more` : ''}`) : null;
    replace(parts.facts, group.count > 1 ? h('span', {}, 'First ', timeOf(group.first)) : null, h('span', {}, group.count > 1 ? 'last ' : 'Failed ', timeOf(group.last)),
        list(group.types.length > 1 ? 'types' : 'type', group.types), list(group.agents.length > 1 ? 'agents' : 'agent', group.agents));
    replace(parts.link, group.count === 1 ? 'Show the entry' : `Show the ${count(group.count)} entries`, icon('chevron'));
    parts.link.href = href('/dead-letters', {view: 'entries', group: group.id});
}

define('k-letter-groups', Groups);
