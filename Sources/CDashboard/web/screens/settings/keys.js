// The keys of the API: who may come in as whom. For admins.

import {api} from '../../core/api.js';
import {define, h, Part, replace} from '../../core/dom.js';
import {icon} from '../../core/icons.js';
import {session} from '../../core/session.js';
import {timeOf} from '../../core/time.js';
import {copyButton} from '../../components/copy.js';
import {confirm, field, sheet} from '../../components/dialog.js';
import {empty, failure, loading} from '../../components/empty.js';
import {toast, toastError} from '../../components/toast.js';

class Keys extends Part {
    mount() {
        this.holder = h('div', {}, loading(4));
        replace(this, h('div', {class: 'card'}, h('div', {class: 'card-head'}, h('h2', {}, 'API keys'), h('button', {class: 'button is-small is-primary push', type: 'button', on: {click: () => this.make()}}, icon('plus'), 'Make a key')), this.holder));
        this.load();
    }

    async load() {
        try {
            const {data, next_cursor: more} = await api.get('/api-keys', {limit: 200}, {signal: this.signal});
            if (data.length === 0) return void replace(this.holder, empty('key', 'No key', 'Make one for each person and each program, so that each can be revoked on its own.'));
            replace(this.holder, h('div', {class: 'scroll-x', tabindex: '0', role: 'region', 'aria-label': 'API keys'}, h('table', {class: 'table keys'},
                h('thead', {}, h('tr', {}, ['Name', 'User', 'Role', 'Made', 'Last used', 'Expires', ''].map((label) => h('th', {scope: 'col'}, label || h('span', {class: 'visually-hidden'}, 'Acts'))))),
                h('tbody', {}, data.map((key) => this.#row(key))))), more ? h('p', {class: 'card-foot'}, 'The first 200.') : null);
        } catch (error) { if (error.name !== 'AbortError') replace(this.holder, failure(error, () => this.load())); }
    }

    #row(key) {
        const isOwn = key.id === session.me.key_id;
        return h('tr', {}, h('th', {scope: 'row', class: 'cell-type'}, h('div', {}, key.name, isOwn ? h('span', {class: 'badge own'}, 'yours') : null), h('div', {class: 'cell-sub id'}, `ks_${key.id}_…`)),
            h('td', {}, key.user_id), h('td', {}, key.role), h('td', {class: 'nowrap'}, timeOf(key.created_at)), h('td', {class: 'nowrap'}, key.last_used_at ? timeOf(key.last_used_at) : 'never'),
            h('td', {class: 'nowrap'}, key.expires_at ? timeOf(key.expires_at) : 'never'),
            h('td', {class: 'end'}, h('button', {class: 'button is-small is-danger', type: 'button', 'aria-label': `Revoke ${key.name}`, on: {click: () => this.revoke(key, isOwn)}}, 'Revoke')));
    }

    async make() {
        const name = h('input', {class: 'input', required: true, maxlength: 200, placeholder: 'Such as: billing service'});
        const user = h('input', {class: 'input', required: true, pattern: '[!-~]{1,128}', value: session.me.user_id, spellcheck: 'false'});
        const role = h('select', {class: 'input'}, [['viewer', 'Viewer: looks'], ['operator', 'Operator: also acts on its own'], ['admin', 'Admin: everything, for everyone']].map(([value, label]) => h('option', {value}, label)));
        const until = h('input', {class: 'input', type: 'datetime-local'});
        const form = h('div', {class: 'form'}, field('Name', name, 'What it is for.'), field('User', user, 'Whose tasks it sees and makes.'), field('Role', role), field('Expires', until, 'Empty: never.'));
        const made = await sheet({title: 'Make a key', body: form, acts: [{label: 'Make it', isDefault: true, run: () => {
            const wrong = form.querySelector(':invalid');
            if (wrong) return wrong.reportValidity();
            return api.post('/api-keys', {name: name.value, user_id: user.value, role: role.value, ...(until.value ? {expires_at: new Date(until.value).toISOString()} : {})});
        }}]});
        if (!made) return;
        this.load();
        await sheet({title: `The key “${made.name}”`, closeLabel: 'I have stored it', body: h('div', {class: 'form'},
            h('p', {class: 'note tone-copper'}, icon('warning'), h('span', {}, 'It is shown only now: the server keeps just a fingerprint of it.')), h('div', {class: 'secret'}, h('code', {}, made.key), copyButton(made.key, 'Copy the key')))});
    }

    async revoke(key, isOwn) {
        const text = isOwn ? 'It is the key that you are signed in with: you will be signed out at once.' : `Whoever uses it is refused at once, and its streams end. It belongs to ${key.user_id}.`;
        if (!await confirm({title: `Revoke “${key.name}”?`, text, act: 'Revoke it'})) return;
        try {
            await api.remove(`/api-keys/${key.id}`);
            toast(`“${key.name}” is revoked.`);
            this.load();
        } catch (error) { toastError(error, 'It was not revoked.'); }
    }
}
define('k-settings-keys', Keys);
