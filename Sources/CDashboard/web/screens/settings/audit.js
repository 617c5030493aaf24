// Who did what: the last acts. For admins, where the server keeps an audit log.

import {api} from '../../core/api.js';
import {define, h, Part, replace} from '../../core/dom.js';
import {actorName, words} from '../../core/format.js';
import {timeOf} from '../../core/time.js';
import {empty, failure, loading} from '../../components/empty.js';

class Audit extends Part {
    mount() {
        this.body = h('tbody');
        this.holder = h('div', {}, loading(6));
        this.more = h('p', {class: 'card-foot', hidden: true}, h('button', {class: 'button is-small', type: 'button', on: {click: () => this.load()}}, 'Earlier acts'));
        replace(this, h('div', {class: 'card'}, h('div', {class: 'card-head'}, h('h2', {}, 'Audit'), h('span', {class: 'muted'}, 'newest first')), this.holder, this.more));
        this.load();
    }

    async load() {
        try {
            const page = await api.get('/audit', {limit: 50, cursor: this.cursor}, {signal: this.signal});
            this.cursor = page.next_cursor;
            this.more.hidden = !this.cursor;
            if (!this.body.firstChild && page.data.length === 0) return void replace(this.holder, empty('check', 'Nothing was done yet', 'Changes to agents, breakers, keys and dead letters stand here, with who made them.'));
            this.body.append(...page.data.map(row));
            if (!this.holder.contains(this.body)) {
                replace(this.holder, h('div', {class: 'scroll-x', tabindex: '0', role: 'region', 'aria-label': 'Audit'}, h('table', {class: 'table audit'},
                    h('thead', {}, h('tr', {}, ['When', 'Who', 'Did', 'To', 'With'].map((label) => h('th', {scope: 'col'}, label)))), this.body)));
            }
        } catch (error) {
            if (error.name === 'AbortError') return;
            replace(this.holder, error.status === 404 ? empty('info', 'No audit log', 'This server does not serve one.') : failure(error, () => this.load()));
        }
    }
}

function row(act) {
    const data = act.data && Object.keys(act.data).length ? JSON.stringify(act.data) : '';
    return h('tr', {}, h('td', {class: 'nowrap'}, timeOf(act.at)), h('td', {}, actorName(act.actor)), h('td', {}, words(act.type)), h('td', {}, h('span', {class: 'muted'}, words(act.kind)), ' ', h('span', {class: 'id'}, act.key)),
        h('td', {class: 'cut mono faint', title: data}, data));
}
define('k-settings-audit', Audit);
