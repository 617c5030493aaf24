// Begins: who is there? Then the frame, or the door.

import {api, hold, onSignedOut} from './core/api.js';
import {followLinks, place} from './core/router.js';
import {live} from './core/live.js';
import {session} from './core/session.js';
import {store} from './core/store.js';
import {apply} from './core/theme.js';
import {replace, h} from './core/dom.js';
import {failure} from './components/empty.js';
import './screens/sign-in.js';
import {prefetch} from './frame.js';

apply();
followLinks();
onSignedOut(() => { if (session.me) showDoor('Your session has ended. Sign in again to go on where you were.'); });
live.on('ask', () => api.get('/me').catch(() => {}));
document.addEventListener('signed-in', showFrame);
document.addEventListener('signed-out', () => showDoor());
begin();

async function begin() {
    if (place().path === '/docs') return showDocs();
    // A one-time link signs in even where somebody else is signed in already.
    if (place().path === '/sign-in' && location.hash.startsWith('#token=')) return showDoor();
    prefetch(place().path);
    try {
        await session.load();
        showFrame();
    } catch (error) {
        if (error.status === 401) showDoor();
        else replace(document.body, h('main', {class: 'door'}, failure(error, begin)));
        if (error.isOffline) setTimeout(begin, 2_000);
    }
}

function showDoor(message = '') {
    live.stop();
    session.me = null;
    store.clear();
    replace(document.body, h('k-sign-in', {message}));
}

async function showDocs() {
    await import('./screens/api-docs.js');
    replace(document.body, h('k-api-docs'));
}

function showFrame() {
    hold(live.start(session.topics));
    replace(document.body, h('k-frame'));
}
