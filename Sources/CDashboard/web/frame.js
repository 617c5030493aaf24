// The frame around every screen: rail, bar, the screen itself, and the keys that work everywhere.

import {define, h, Part, replace, setAttribute, setText} from './core/dom.js';
import {compact} from './core/format.js';
import {bowl, icon} from './core/icons.js';
import {bind} from './core/keys.js';
import {live} from './core/live.js';
import {go, onPlace, place} from './core/router.js';
import {session} from './core/session.js';
import {resources} from './core/store.js';
import {currentTheme, nextTheme, setTheme, THEMES} from './core/theme.js';
import {currentZone, onZone, parse, setZone, wall, ZONES} from './core/time.js';
import {menu} from './components/menu.js';
import {toast} from './components/toast.js';
import {showKeys} from './components/key-help.js';
import {queryBox} from './components/query-box.js';
import './components/range-menu.js';
import {failure} from './components/empty.js';

/** The rooms of the rail: path, name, icon, the letter after `g`, the element that is the screen, and its module. */
const ROOMS = [
    {path: '/', name: 'Overview', icon: 'overview', letter: 'o', element: 'k-overview',
        load: () => import('./screens/overview.js')},
    {path: '/tasks', name: 'Tasks', icon: 'tasks', letter: 't', element: 'k-tasks',
        load: () => import('./screens/tasks.js'), hasPanel: true},
    {path: '/dead-letters', name: 'Dead letters', icon: 'dead_letters', letter: 'd', element: 'k-dead-letters',
        load: () => import('./screens/dead-letters.js'), hasPanel: true},
    {path: '/breakers', name: 'Breakers', icon: 'breakers', letter: 'b', element: 'k-breakers',
        load: () => import('./screens/breakers.js')},
    {path: '/recovery', name: 'Recovery', icon: 'recovery', letter: 'r', element: 'k-recovery',
        load: () => import('./screens/recovery.js')},
    {path: '/alerts', name: 'Alerts', icon: 'alerts', letter: 'a', element: 'k-alerts',
        load: () => import('./screens/alerts.js')},
    {path: '/agents', name: 'Agents', icon: 'agents', letter: 'n', element: 'k-agents',
        load: () => import('./screens/agents.js')},
    {path: '/live', name: 'Live tail', icon: 'live', letter: 'l', element: 'k-live-tail',
        load: () => import('./screens/live-tail.js'), hasPanel: true},
    {path: '/settings', name: 'Settings', icon: 'settings', letter: 's', element: 'k-settings',
        load: () => import('./screens/settings.js')},
];

const loadTask = () => import('./screens/task.js');

/** The room of an address; a task of its own page is in Tasks. */
function roomOf(path) {
    return ROOMS.find((room) => room.path === path) ?? ROOMS.find((room) => room.path !== '/' && path.startsWith(room.path + '/')) ?? null;
}

/** Fetches what an address needs, before it is shown. */
export function prefetch(path) {
    const room = roomOf(path);
    if (/^\/tasks\/./.test(path) || room?.hasPanel) loadTask().catch(() => {});
    room?.load().catch(() => {});
}

class Frame extends Part {
    mount() {
        this.badges = new Map();
        this.main = h('main', {class: 'main', id: 'main', tabindex: '-1'});
        this.rail = this.#rail();
        replace(this, h('div', {class: 'frame'}, h('a', {class: 'skip button', href: '#main'}, 'Skip to the content'), this.rail, this.#bar(), this.main));
        this.atEnd(onPlace(() => this.show()));
        this.atEnd(resources.health.subscribe(({value}) => { if (value) this.#badges(value); }));
        this.atEnd(resources.alerts.subscribe(({value}) => { if (value) this.#badge('/alerts', value.data.length, 'crack', value.next_cursor ? '+' : ''); }));
        this.#keys();
        this.show();
    }

    #rail() {
        this.links = new Map();
        const items = ROOMS.map((room) => {
            const badge = h('span', {class: 'badge', hidden: true});
            this.badges.set(room.path, badge);
            const link = h('a', {class: 'rail-link', href: room.path, title: `${room.name} (g ${room.letter})`, on: {pointerenter: () => prefetch(room.path), focus: () => prefetch(room.path)}}, icon(room.icon), h('span', {}, room.name), badge);
            this.links.set(room.path, link);
            return h('li', {}, link);
        });
        const server = session.me.server;
        return h('nav', {class: 'rail', 'aria-label': 'Rooms', id: 'rail', on: {click: (event) => { if (event.target.closest('a')) this.#openRailClosed(); }}},
            h('a', {class: 'rail-sign', href: '/'}, bowl(), 'Kintsugi'), h('ul', {}, items),
            h('p', {class: 'rail-foot'}, server ? `Version ${server.version}` : ''));
    }

    #bar() {
        this.pill = h('button', {class: 'pill connection', type: 'button', on: {click: () => this.#toggleHold()}});
        const drawPill = () => {
            const {phase, at} = live.state;
            const time = parse(at);
            const tail = time === null ? '' : `, last event ${wall(time, {date: 'never'})}`;
            const [tone, word] = live.isHeld ? ['copper', 'Paused'] : {
                live: ['glaze', 'Live'], connecting: ['still', 'Connecting'], reconnecting: ['crack', `Reconnecting${tail}`],
                paused: ['copper', 'Paused'],
            }[phase] ?? ['still', phase];
            setAttribute(this.pill, 'class', `pill connection tone-${tone}`);
            setAttribute(this.pill, 'title', `${word}${phase === 'live' ? tail : ''}. Press p to ${live.isHeld ? 'go on' : 'pause'}.`);
            replace(this.pill, h('span', {class: 'dot'}), h('span', {}, word));
        };
        this.atEnd(live.on('state', drawPill));
        this.atEnd(onZone(drawPill));
        drawPill();
        const zone = h('div', {class: 'menu-holder'});
        const drawZone = () => {
            const hadFocus = zone.contains(document.activeElement);
            replace(zone, menu(currentZone() === 'utc' ? 'UTC' : currentZone() === 'local' ? 'Local' : 'Relative', () => ZONES.map((one) => ({
                label: {relative: 'Relative', local: 'Local time', utc: 'UTC'}[one], isChecked: one === currentZone(), run: () => setZone(one),
            })), {kind: 'button is-quiet', name: 'How times are shown', iconName: 'clock'}));
            if (hadFocus) zone.querySelector('button').focus();
        };
        this.atEnd(onZone(drawZone));
        drawZone();
        const theme = menu('', () => THEMES.map((one) => ({
            label: {system: 'As the system', light: 'Light', dark: 'Dark', contrast: 'High contrast'}[one],
            icon: {system: 'settings', light: 'sun', dark: 'moon', contrast: 'contrast'}[one], isChecked: one === currentTheme(), run: () => setTheme(one),
        })), {kind: 'button is-quiet is-icon', name: 'Theme', iconName: 'sun'});
        const me = session.me;
        const who = menu(me.user_id, () => [
            {label: `Role: ${me.role}`, icon: 'key', run: () => go('/settings')},
            {label: 'Keys of the keyboard', icon: 'help', hint: '?', run: showKeys},
            {label: 'Sign out', icon: 'out', run: () => this.#signOut()},
        ], {kind: 'button is-quiet', name: `Signed in as ${me.user_id}, ${me.role}`});
        const open = h('button', {class: 'button is-quiet is-icon bar-menu', type: 'button', 'aria-label': 'Rooms', 'aria-controls': 'rail', 'aria-expanded': 'false', on: {click: () => this.#openRail()}}, icon('menu'));
        this.railButton = open;
        return h('header', {class: 'bar'}, open, this.search = queryBox(), h('k-range-menu'), h('div', {class: 'bar-end'}, this.pill, zone, h('div', {class: 'bar-theme'}, theme), who));
    }

    #openRail(value = !this.rail.classList.contains('is-open')) {
        this.rail.classList.toggle('is-open', value);
        setAttribute(this.railButton, 'aria-expanded', String(value));
        if (value) this.rail.querySelector('a').focus();
        else if (this.rail.contains(document.activeElement)) this.railButton.focus();
    }

    async #signOut() {
        await session.signOut().catch(() => {});
        document.dispatchEvent(new CustomEvent('signed-out'));
    }

    #toggleHold() {
        live.hold(!live.isHeld);
        toast(live.isHeld ? 'Paused: what happens is kept and shown when you go on.' : 'Live again.');
    }

    #badge(path, value, tone, more = '') {
        const badge = this.badges.get(path);
        badge.hidden = !value;
        setText(badge, compact(value) + more);
        setAttribute(badge, 'class', `badge tone-${tone}`);
    }

    #badges(health) {
        this.#badge('/dead-letters', health.dead_letters.pending, 'copper');
        this.#badge('/breakers', health.circuit_breakers.filter((one) => one.state !== 'closed').length, 'crack');
        this.#badge('/tasks', health.counts.waiting, 'person');
        document.title = `${health.dead_letters.pending ? `(${compact(health.dead_letters.pending)}) ` : ''}${this.room?.name ?? 'Kintsugi'} – Kintsugi`;
    }

    #keys() {
        const bindHere = (...args) => this.atEnd(bind(...args));
        bindHere('/', 'Search', () => this.search.focusInput());
        bindHere('?', 'Show the keys', showKeys);
        for (const room of ROOMS) bindHere(`g ${room.letter}`, `Go to ${room.name}`, () => go(room.path), {group: 'Rooms'});
        bindHere('p', 'Pause or go on', () => this.#toggleHold());
        bindHere('t', 'Next theme', () => toast(`Theme: ${nextTheme()}.`));
        bindHere('Escape', 'Close what is open', () => this.#openRail(false), {when: () => this.rail.classList.contains('is-open')});
    }

    /** Shows the screen of the address; the same screen hears of the change itself. */
    show() {
        const {path} = place();
        const room = roomOf(path);
        this.room = room;
        this.#openRailClosed();
        for (const [to, link] of this.links) setAttribute(link, 'aria-current', to === room?.path ? 'page' : null);
        const isTaskPage = /^\/tasks\/[^/]+$/.test(path);
        const name = isTaskPage ? 'k-task-page' : room?.element ?? 'k-lost';
        // Lists open tasks in their panel.
        const load = isTaskPage ? loadTask : room ? () => Promise.all([room.load(), room.hasPanel ? loadTask() : null]) : null;
        document.title = `${isTaskPage ? 'Task' : room?.name ?? 'Not found'} – Kintsugi`;
        if (this.screen?.localName === name && this.screen.isConnected) return;
        this.screen = h(name);
        replace(this.main, this.screen);
        this.main.scrollTop = 0;
        // A module that cannot be loaded is of another version, or the server is gone: loading the page anew mends both.
        load?.().catch(() => { if (this.screen?.localName === name) replace(this.main, failure(new Error('This part of the page could not be loaded; the server may have been updated.'), () => location.reload())); });
    }

    #openRailClosed() { if (this.rail.classList.contains('is-open')) this.#openRail(false); }
}
define('k-frame', Frame);

class Lost extends Part {
    mount() {
        replace(this, h('div', {class: 'empty'}, icon('search'), h('h1', {}, 'There is nothing at this address'),
            h('p', {}, 'The link may be mistyped or from another version.'), h('a', {class: 'button', href: '/'}, 'To the overview')));
    }
}
define('k-lost', Lost);

