// One EventSource for all tabs of the browser: HTTP/1.1 allows six connections an origin, and a page's own requests
// need some. A tab says which topics it wants and from where; it gets batches of events, and what the connection does.

import {Connection} from './connection.js';

const tabs = new Map();
const connections = new Map();

self.addEventListener('connect', ({ports: [port]}) => {
    const tab = {port, topics: null, isPaused: false};
    tabs.set(port, tab);
    port.addEventListener('message', ({data}) => take(tab, data));
    port.start();
});

function take(tab, message) {
    switch (message.type) {
    case 'open': join(tab, message.topics); break;
    case 'close': leave(tab); tabs.delete(tab.port); break;
    case 'pause': if (tab.subscriber) tab.subscriber.pause(); break;
    case 'resume': if (tab.subscriber) tab.subscriber.resume(); break;
    case 'again': connections.get(tab.topics)?.again(); break;
    }
}

function join(tab, topics) {
    leave(tab);
    tab.topics = topics;
    let connection = connections.get(topics);
    if (!connection) connections.set(topics, connection = new Connection(topics));
    tab.subscriber = connection.add((message) => tab.port.postMessage(message));
}

function leave(tab) {
    if (!tab.subscriber) return;
    const connection = connections.get(tab.topics);
    tab.subscriber.leave();
    tab.subscriber = null;
    if (connection.isUnused) { connection.close(); connections.delete(tab.topics); }
}
