// Alerts, channels and silences in words. Pure.

import {count, counted, words} from './format.js';

export const STATUSES = {
    firing: {icon: 'alerts', word: 'firing', tone: 'crack'}, acknowledged: {icon: 'check', word: 'taken on', tone: 'accent'}, resolved: {icon: 'completed', word: 'resolved', tone: 'glaze'},
};

const CHANNEL_AGENT = /^kintsugi-channel-(.+)$/;

/** Where what an alert is about can be mended: `{path, params, label}`, or null. */
export function causeOf(alert) {
    if (alert.kind === 'breaker') return {path: '/breakers', params: {provider: alert.provider}, label: `The breaker of ${alert.provider}`};
    if (alert.kind === 'channel') {
        const id = CHANNEL_AGENT.exec(alert.agent_id ?? alert.provider ?? '')?.[1] ?? null;
        return {path: '/alerts', params: {view: 'channels', channel: id}, label: 'The channel'};
    }
    return alert.cause ? {path: '/dead-letters', params: {view: 'entries', group: alert.cause}, label: alert.count > 1 ? `Its ${count(alert.count)} dead letters` : 'Its dead letter'} : null;
}

/** Who was told, or why nobody was. */
export function toldWords(alert) {
    const {sent = 0} = alert.notifications ?? {};
    if (sent === 0) return alert.silenced ? 'Nobody is told: it is silenced.' : 'No channel was told.';
    return `${counted(sent, 'notification')} went out${alert.silenced ? '; it is silenced now' : ''}.`;
}

const MATCHES = {agent_id: 'agent', provider: 'provider', task_type: 'type', user_id: 'user', error_type: 'error', kind: 'kind', cause: 'cause', max_severity: 'up to'};

/** What a channel or a silence is about: `agent acme, error timeout`. */
export function matchWords(match, all = 'every alert') {
    const parts = Object.entries(match ?? {}).filter(([, value]) => value).map(([name, value]) => name === 'cause' ? 'one cause' : `${MATCHES[name] ?? words(name)} ${name === 'error_type' ? words(value) : value}`);
    return parts.join(', ') || all;
}

/** The kinds of channels: what each does and its configuration `[name, label, kind, hint or choices]`. */
export const CHANNELS = {
    webhook: {label: 'Webhook', does: 'A signed POST, as Standard Webhooks has it. The secret is shown once, when the channel is made.', takes: [['url', 'Address', 'text', 'https://example.org/alerts']]},
    slack: {label: 'Slack', does: 'A message into a Slack channel, by an incoming webhook.', takes: [['url', 'Incoming webhook address', 'secret', 'https://hooks.slack.com/services/…']]},
    pagerduty: {label: 'PagerDuty', does: 'Triggers and resolves by Events API v2, one incident for one cause.', takes: [['routing_key', 'Routing key', 'secret', ''], ['url', 'Events address', 'text', 'https://events.pagerduty.com/v2/enqueue']]},
    email: {label: 'E-mail', does: 'A mail by SMTP.', takes: [['host', 'Mail server', 'text', 'mail.example.org'], ['port', 'Port', 'number', '587'], ['from', 'From', 'text', 'kintsugi@example.org'], ['to', 'To', 'list', 'ada@example.org, bob@example.org'],
        ['tls', 'Encryption', [['starttls', 'STARTTLS'], ['implicit', 'TLS from the start'], ['none', 'none']], ''], ['username', 'User name', 'text', 'none'], ['password', 'Password', 'secret', ''], ['ca_file', 'Certificates to trust (file on the server)', 'text', 'those of the system']]},
    alertmanager: {label: 'Alertmanager', does: 'Alerts of Prometheus Alertmanager, API v2.', takes: [['url', 'Base address', 'text', 'http://alertmanager:9093']]},
    log: {label: 'Log', does: 'A line in the server’s own log.', takes: []},
};

export const HEALTH = {
    ok: {icon: 'check', word: 'works', tone: 'glaze'}, failing: {icon: 'failed', word: 'fails', tone: 'crack'}, unknown: {icon: 'pending', word: 'not used yet', tone: 'still'},
};

export const DELIVERIES = {
    delivered: {icon: 'check', word: 'delivered', tone: 'glaze'}, failed: {icon: 'failed', word: 'failed', tone: 'crack'}, pending: {icon: 'backoff', word: 'on its way', tone: 'accent'},
};

const EVENTS = {'alert.raised': 'raised', 'alert.resolved': 'resolved', 'alert.test': 'test', 'alert.digest': 'digest'};
const REASONS = {new: 'it was new', count: 'more tasks', severity: 'its severity rose', repeat: 'it still fires', recovery: 'it is over', digest: 'several at once, above the rate', test: ''};

/** `raised, because it still fires`. */
export function deliveryWords({event, reason}) {
    const why = REASONS[reason] ?? words(reason ?? '');
    return `${EVENTS[event] ?? event}${why ? `: ${why}` : ''}`;
}

/** When a channel is quiet, and for what not. */
export function quietWords(quiet) {
    if (!quiet) return null;
    const {from, to, utc_offset_minutes: offset = 0, min_severity: least = 'critical'} = quiet;
    const sign = offset < 0 ? '−' : '+';
    const zone = `UTC${offset ? `${sign}${Math.floor(Math.abs(offset) / 60)}${offset % 60 ? `:${String(Math.abs(offset) % 60).padStart(2, '0')}` : ''}` : ''}`;
    return `${from} to ${to} (${zone}), but for ${least}`;
}

/** The next time that it is this hour, in the zone of the reader or in UTC. */
export function nextHour(hour, at, isUTC) {
    const date = new Date(at);
    if (isUTC) date.setUTCHours(hour, 0, 0, 0);
    else date.setHours(hour, 0, 0, 0);
    return date.getTime() > at ? date.getTime() : date.getTime() + 86_400_000;
}
