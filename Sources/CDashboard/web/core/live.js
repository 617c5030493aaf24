// The page's side of the live topics: through the worker that all tabs share, or by a connection of its own.

import {Connection} from './connection.js';

const listeners = {events: new Set(), state: new Set(), gap: new Set(), ask: new Set()};
/** Longer than a stream takes to begin on a server that is well. */
const PATIENCE = 400;
let tell = () => {};
let isHeld = false;

export const live = {
    /** `{phase: 'connecting' | 'live' | 'reconnecting' | 'paused', at}`; `at`: of the last event that came. */
    state: {phase: 'connecting', at: null},
    /** Whether the person has paused it. */
    get isHeld() { return isHeld; },

    /** Calls `listener` for batches of `events`, for a new `state`, for a `gap` (load anew), or to `ask` who we are. */
    on(kind, listener) {
        listeners[kind].add(listener);
        return () => listeners[kind].delete(listener);
    },

    /** Begins to listen. The promise settles when the stream has begun, or after a moment in which it has not. */
    start(topics) {
        tell({type: 'close'});
        tell = open(topics);
        const opened = new Promise((resolve) => {
            let isLate = false;
            const leave = live.on('state', ({phase}) => {
                if (phase === 'live') {
                    leave();
                    // What was loaded in the meantime may be older than the first event: it is loaded anew.
                    if (isLate) hear({type: 'gap'});
                }
                if (phase !== 'connecting') { isLate = true; resolve(); }
            });
            setTimeout(() => { isLate = true; resolve(); }, PATIENCE);
        });
        addEventListener('pagehide', () => tell({type: 'close'}), {once: true});
        addEventListener('pageshow', (event) => { if (event.persisted) live.start(topics); }, {once: true});
        return opened;
    },

    stop() { tell({type: 'close'}); tell = () => {}; },
    /** Tries to connect now. */
    again() { tell({type: 'again'}); },

    /** Stops what comes from changing the page, until it is released; nothing is missed. */
    hold(value) {
        isHeld = value;
        adjust();
        hear({...live.state, type: 'state'});
    },
};

document.addEventListener('visibilitychange', adjust);

function adjust() { tell({type: document.hidden || isHeld ? 'pause' : 'resume'}); }

function hear(message) {
    if (message.type === 'state') live.state = message;
    for (const listener of listeners[message.type] ?? []) listener(message);
}

function open(topics) {
    const worker = shared();
    if (worker) {
        worker.port.addEventListener('message', ({data}) => hear(data));
        worker.port.start();
        worker.port.postMessage({type: 'open', topics});
        return (message) => worker.port.postMessage(message);
    }
    const connection = new Connection(topics);
    const subscriber = connection.add(hear);
    return (message) => {
        if (message.type === 'close') { subscriber.leave(); connection.close(); }
        if (message.type === 'pause') subscriber.pause();
        if (message.type === 'resume') subscriber.resume();
        if (message.type === 'again') connection.again();
    };
}

const WORKER = new URL('./live-worker.js', import.meta.url).href;
// The one address that this policy lets through: the page may start no other script.
const policy = globalThis.trustedTypes?.createPolicy('kintsugi', {
    createScriptURL: (url) => { if (url === WORKER) return url; throw new TypeError(`${url} is not the worker`); },
});

function shared() {
    try {
        const url = policy ? policy.createScriptURL(WORKER) : WORKER;
        return new SharedWorker(url, {type: 'module', name: 'kintsugi-live'});
    } catch {
        return null;
    }
}
