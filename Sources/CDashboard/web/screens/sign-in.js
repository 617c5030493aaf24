// The door: an API key, or the one-time link that the server has printed.

import {define, h, Part, replace} from '../core/dom.js';
import {bowl, icon} from '../core/icons.js';
import {place} from '../core/router.js';
import {session} from '../core/session.js';
import {field} from '../components/dialog.js';

class SignIn extends Part {
    mount() {
        const key = h('input', {class: 'input mono', type: 'password', name: 'key', autocomplete: 'current-password', placeholder: 'ks_…', required: true, spellcheck: 'false'});
        this.fault = h('div', {role: 'alert'});
        this.button = h('button', {class: 'button is-primary', type: 'submit'}, 'Sign in');
        const message = this.getAttribute('message');
        replace(this, h('main', {class: 'door'},
            h('form', {class: 'door-card card', on: {submit: (event) => { event.preventDefault(); this.enter({key: key.value.trim()}); }}},
                h('div', {class: 'door-sign'}, bowl(), h('h1', {}, 'Kintsugi')),
                message ? h('p', {class: 'note tone-accent'}, icon('info'), h('span', {}, message)) : h('p', {class: 'lead'}, 'Tasks break. Here you see how they mend.'),
                field('API key', key, 'The server prints one at its first start, and keeps it in admin.key in its data folder.'),
                this.fault, this.button,
                h('p', {class: 'faint'}, 'Or open the one-time link that ', h('code', {}, 'kintsugi serve'), ' and ', h('code', {}, 'kintsugi demo'), ' print when they start.'))));
        key.focus();
        const token = location.hash.startsWith('#token=') ? decodeURIComponent(location.hash.slice(7)) : null;
        if (token) {
            history.replaceState(null, '', '/sign-in');
            this.enter({token});
        }
    }

    async enter(credentials) {
        this.button.disabled = true;
        replace(this.fault);
        try {
            await session.signIn(credentials);
            if (place().path === '/sign-in') history.replaceState(null, '', '/');
            document.dispatchEvent(new CustomEvent('signed-in'));
        } catch (error) {
            const text = credentials.token && error.status === 401
                ? 'This link was used already or is too old: each opens once, within 15 minutes. Sign in with a key, or restart the server for a new link.'
                : error.message;
            replace(this.fault, h('p', {class: 'note tone-crack'}, icon('warning'), h('span', {}, text)));
        } finally {
            this.button.disabled = false;
        }
    }
}
define('k-sign-in', SignIn);
