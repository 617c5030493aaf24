// Who is looking, and what they may do.

import {api} from './api.js';

export const session = {
    me: null,
    get isAdmin() { return this.me?.role === 'admin'; },
    /** Viewers look only; the server refuses their acts anyway. */
    get mayAct() { return this.me?.role === 'operator' || this.me?.role === 'admin'; },
    /** The topic that carries everything this person may see. */
    get topics() { return this.isAdmin ? 'all' : `user_dashboard:${this.me.user_id}`; },

    async load() { return this.me = await api.get('/me'); },
    async signIn(credentials) { return this.me = await api.post('/session', credentials); },
    async signOut() {
        await api.remove('/session');
        this.me = null;
    },
};
