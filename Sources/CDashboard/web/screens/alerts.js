// Alerts: what fires, what somebody has taken on, what is over; where they are told, and what is kept silent.

import {define, h, Part, replace, stylesheet} from '../core/dom.js';
import {bind} from '../core/keys.js';
import {go, href, onPlace, place, setParams} from '../core/router.js';
import {session} from '../core/session.js';
import {segments} from '../components/segments.js';
import {split} from '../components/split.js';
import './alerts/alert.js';
import './alerts/alert-list.js';
import './alerts/channels.js';
import './alerts/deliveries.js';
import './alerts/silences.js';

await stylesheet(new URL('../styles/alerts.css', import.meta.url));

const STATUS = [['firing', 'Firing'], ['acknowledged', 'Taken on'], ['resolved', 'Resolved']];
const VIEWS = [['', 'Alerts'], ['channels', 'Channels'], ['silences', 'Silences']];

class Alerts extends Part {
    mount() {
        this.split = split({onClose: () => this.close()});
        // Channels and silences are an admin's; others have the alerts of their own tasks.
        this.view = segments('View', VIEWS, '', (value) => setParams({view: value, alert: null, channel: null}));
        this.view.hidden = !session.isAdmin;
        this.status = segments('Status', STATUS, 'firing', (value) => setParams({status: value === 'firing' ? null : value, alert: null}));
        this.body = h('div', {});
        replace(this.split.list, h('div', {class: 'screen alerts'}, h('div', {class: 'screen-head'}, h('h1', {}, 'Alerts'), this.view, this.status), this.body));
        replace(this, this.split.element);
        this.atEnd(onPlace(() => this.read()));
        this.atEnd(bind('Escape', 'Close the panel', () => this.close(), {group: 'Lists', when: () => this.split.isOpen}));
        this.addEventListener('alert-changed', () => this.list?.refresh());
        this.read();
    }

    close() { setParams({alert: null, channel: null}); }

    read() {
        const {path, params} = place();
        // The address that notifications carry.
        const id = /^\/alerts\/([^/]+)$/.exec(path)?.[1];
        if (id) return go(href('/alerts', {alert: id}), {replace: true});
        if (path !== '/alerts') return;
        const view = session.isAdmin && ['channels', 'silences'].includes(params.get('view')) ? params.get('view') : '';
        const status = STATUS.some(([one]) => one === params.get('status')) ? params.get('status') : 'firing';
        this.view.choose(view);
        this.status.choose(status);
        this.status.hidden = view !== '';
        const wanted = `${view} ${view ? '' : status}`;
        if (wanted !== this.loaded) {
            this.loaded = wanted;
            this.list = view ? h(`k-${view}`) : h('k-alert-list', {status});
            replace(this.body, this.list);
        }
        this.#panel(params.get('alert'), view === 'channels' ? params.get('channel') : null);
    }

    #panel(alert, channel) {
        const shown = alert ?? channel;
        this.list.point?.(shown);
        if (shown === this.shown) return;
        this.shown = shown;
        if (!shown) return void this.split.close();
        this.split.open({label: alert ? 'The alert' : 'The channel', body: [h('h1', {class: 'visually-hidden panel-title'}, alert ? 'Alert' : 'Channel'), alert ? h('k-alert', {'alert-id': alert}) : h('k-deliveries', {'channel-id': channel})]});
    }
}
define('k-alerts', Alerts);
