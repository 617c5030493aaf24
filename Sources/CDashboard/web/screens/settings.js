// Settings: what is of the server, what is of the session, what is of this browser.

import {define, h, Part, replace} from '../core/dom.js';
import {icon} from '../core/icons.js';
import {all, areLettersOn, setLettersOn} from '../core/keys.js';
import {href, onPlace, place} from '../core/router.js';
import {session} from '../core/session.js';
import {resources} from '../core/store.js';
import {currentTheme, setTheme, THEMES} from '../core/theme.js';
import {currentZone, exact, now, onZone, setZone, shown, timeOf, ZONES} from '../core/time.js';
import {mark} from '../components/state.js';
import './settings/keys.js';
import './settings/audit.js';

const YES = ['yes', 'glaze', 'check'];
const ROLES = [
    ['See own tasks, dead letters, breakers, agents without secrets', 'own', 'own', 'of everyone'], ['Make, cancel and retry tasks', null, 'own', 'of everyone'],
    ['Resolve and discard dead letters', null, 'own', 'of everyone'], ['Force breakers open or closed', null, null, 'yes'], ['Add, change and remove agents', null, null, 'yes'],
    ['Make and revoke keys', null, null, 'yes'], ['Read the audit log', null, null, 'yes'],
];

const SECTIONS = [
    {key: 'session', name: 'Session', draw: sessionCard}, {key: 'appearance', name: 'Appearance', draw: appearance}, {key: 'keyboard', name: 'Keyboard', draw: keyboard},
    {key: 'keys', name: 'API keys', draw: () => h('k-settings-keys'), isForAdmins: true}, {key: 'roles', name: 'Roles', draw: roles},
    {key: 'retention', name: 'Retention', draw: retention}, {key: 'audit', name: 'Audit', draw: () => h('k-settings-audit'), isForAdmins: true}, {key: 'about', name: 'About', draw: about},
];

class Settings extends Part {
    mount() {
        this.links = h('ul', {});
        this.body = h('div', {class: 'settings-body'});
        replace(this, h('div', {class: 'screen settings'}, h('div', {class: 'screen-head'}, h('h1', {}, 'Settings')),
            h('div', {class: 'settings-grid'}, h('nav', {class: 'settings-nav', 'aria-label': 'Settings'}, this.links), this.body)));
        this.sections = SECTIONS.filter((one) => session.isAdmin || !one.isForAdmins);
        this.atEnd(onPlace(() => this.read()));
        this.read();
    }

    unmount() { this.#leave(); }

    /** What the section that was shown listens to ends with it. */
    #leave() {
        for (const leave of this.leaving ?? []) leave();
        this.leaving = [];
    }

    read() {
        if (place().path !== '/settings') return;
        const chosen = this.sections.find((one) => one.key === place().params.get('section')) ?? this.sections[0];
        replace(this.links, this.sections.map((one) => h('li', {}, h('a', {href: href('/settings', {section: one.key}), 'aria-current': one === chosen ? 'page' : null, data: {replace: ''}}, one.name))));
        this.links.querySelector('[aria-current]').scrollIntoView({block: 'nearest', inline: 'nearest'});
        if (chosen === this.chosen) return;
        this.chosen = chosen;
        this.#leave();
        replace(this.body, chosen.draw((leave) => this.leaving.push(leave)));
    }
}

function card(title, ...body) { return h('section', {class: 'card'}, h('div', {class: 'card-head'}, h('h2', {}, title)), h('div', {class: 'card-body form'}, body)); }

function sessionCard() {
    const {me} = session;
    return card('Session', h('dl', {class: 'facts'}, h('dt', {}, 'You'), h('dd', {}, me.user_id), h('dt', {}, 'Role'), h('dd', {}, me.role, ' (', h('a', {href: '/settings?section=roles'}, 'what it may'), ')'),
        h('dt', {}, 'Signed in with'), h('dd', {}, me.key_id ? h('span', {class: 'id'}, `ks_${me.key_id}_…`) : 'a token'), h('dt', {}, 'Until'), h('dd', {}, me.expires_at ? timeOf(me.expires_at) : 'you sign out')),
    h('div', {class: 'button-row'}, h('button', {class: 'button', type: 'button', on: {click: async () => {
        await session.signOut().catch(() => {});
        document.dispatchEvent(new CustomEvent('signed-out'));
    }}}, icon('out'), 'Sign out')), h('p', {class: 'faint'}, 'Signing out ends this browser’s session. The key stays valid.'));
}

/** One of several: radio buttons as cards. */
function choices(name, label, options, chosen, choose) {
    return h('fieldset', {class: 'choices'}, h('legend', {}, label), options.map(([value, title, hint, look]) => h('label', {class: 'choice'},
        h('input', {type: 'radio', name, value, checked: value === chosen, on: {change: () => choose(value)}}), look ? icon(look) : null, h('span', {class: 'choice-text'}, h('strong', {}, title), hint ? h('span', {class: 'muted'}, hint) : null))));
}

function appearance(atEnd) {
    const themes = {system: ['As the system', 'follows the time of day if yours does', 'settings'], light: ['Light', 'porcelain', 'sun'], dark: ['Dark', 'ink', 'moon'], contrast: ['High contrast', 'black, white, bright', 'contrast']};
    const sample = now() - 200_000;
    const example = h('p', {class: 'muted', role: 'status'});
    const draw = () => replace(example, 'A time now looks like this: ', h('strong', {}, shown(sample)), '. The title of each time says it exactly: ', exact(sample), '.');
    atEnd(onZone(draw));
    draw();
    return card('Appearance', choices('theme', 'Theme', THEMES.map((one) => [one, ...themes[one]]), currentTheme(), setTheme),
        choices('zone', 'Times', ZONES.map((one) => [one, ...{relative: ['Relative', '3 min ago', 'clock'], local: ['Local time', Intl.DateTimeFormat().resolvedOptions().timeZone, 'clock'], utc: ['UTC', 'the same for everyone', 'clock']}[one]]), currentZone(), setZone), example);
}

function keyboard() {
    const list = h('div', {class: 'key-groups'}, [...all()].map(([name, bindings]) => h('section', {}, h('h3', {}, name), h('dl', {class: 'key-list'}, bindings.map((binding) => [
        h('dt', {}, binding.keys.split(' ').map((key) => [h('kbd', {}, key), ' '])), h('dd', {}, binding.help)])))));
    return card('Keyboard', h('label', {class: 'check'}, h('input', {type: 'checkbox', checked: areLettersOn(), on: {change: (event) => setLettersOn(event.target.checked)}}), 'Single letters are shortcuts'),
        h('p', {class: 'muted'}, 'Switch them off if they get in the way of speech input or of a screen reader. Arrow keys, Enter and Escape go on working.'), list,
        h('p', {class: 'faint'}, 'Lists and screens bring more keys of their own: press ? there.'));
}

function roles() {
    const cell = (value) => h('td', {}, value ? mark({icon: YES[2], word: value, tone: YES[1]}) : h('span', {class: 'faint'}, 'no'));
    return h('section', {class: 'card'}, h('div', {class: 'card-head'}, h('h2', {}, 'What each role may')), h('div', {class: 'scroll-x', tabindex: '0', role: 'region', 'aria-label': 'Roles'}, h('table', {class: 'table roles'},
        h('thead', {}, h('tr', {}, ['May', 'Viewer', 'Operator', 'Admin'].map((label) => h('th', {scope: 'col'}, label, label.toLowerCase() === session.me.role ? h('span', {class: 'badge own'}, 'you') : null)))),
        h('tbody', {}, ROLES.map(([what, ...may]) => h('tr', {}, h('th', {scope: 'row'}, what), may.map(cell)))))),
    h('p', {class: 'card-foot'}, 'A key belongs to a user and has a role. What belongs to another user is not found below admin, and counts nowhere.'));
}

function retention() {
    return card('Retention', h('p', {}, 'Nothing is removed in this version: every task, event and dead letter is kept.'),
        h('p', {class: 'muted'}, 'Events are never changed. The store itself refuses to change or delete one. Back up the data folder as a whole.'));
}

function about(atEnd) {
    const {server} = session.me;
    const rest = h('div', {class: 'form'});
    atEnd(resources.health.subscribe(({value}) => {
        if (!value) return;
        const durability = value.durability === 'full' ? mark({icon: 'check', word: 'full', tone: 'glaze'}) : mark({icon: 'warning', word: value.durability, tone: 'crack'});
        replace(rest, h('dl', {class: 'facts'}, h('dt', {}, 'Health'), h('dd', {}, value.status, value.reasons.length ? `: ${value.reasons.join(' ')}` : ''),
            h('dt', {}, 'Durability'), h('dd', {}, durability, value.durability === 'full' ? h('span', {class: 'muted'}, ' What is acknowledged survives a power cut.') : h('span', {class: 'muted'}, ' What is acknowledged may not survive a power cut.')),
            value.secrets ? [h('dt', {}, 'Secrets'), h('dd', {}, value.secrets)] : null, h('dt', {}, 'Nodes'), h('dd', {}, value.nodes.map((node) => `${node.id} (${node.status})`).join(', ') || '–')));
    }));
    return card('About', h('dl', {class: 'facts'}, h('dt', {}, 'Version'), h('dd', {}, server.version), h('dt', {}, 'Node'), h('dd', {}, server.node), h('dt', {}, 'Epoch'), h('dd', {class: 'id'}, server.epoch), h('dt', {}, 'Started'), h('dd', {}, timeOf(server.started_at))), rest,
        h('div', {class: 'button-row'}, h('a', {class: 'button', href: '/openapi.json'}, icon('link'), 'The API’s document'), h('a', {class: 'button', href: '/api/v1/tasks/monitoring/health'}, icon('overview'), 'Health as JSON')));
}

define('k-settings', Settings);
