// The first run: five steps that tick themselves as they happen, until somebody closes the list.

import {define, h, Part, replace} from '../../core/dom.js';
import {icon} from '../../core/icons.js';
import {isHealed} from '../../core/fold.js';
import {store} from '../../core/store.js';
import {copyButton} from '../../components/copy.js';

const CLOSED = 'kintsugi.checklist';
const TICKS = 'kintsugi.ticks';
const CREATE = (origin) => `curl -s ${origin}/api/v1/tasks -H "Authorization: Bearer $KINTSUGI_KEY" -H 'Content-Type: application/json' -d '{"type":"demo.echo","input":{"n":1}}'`;

const STEPS = [
    {key: 'server', text: 'The server runs and you are signed in.', does: () => true},
    {key: 'task', text: 'Submit a task.', does: (health, tasks) => total(health) > 0 || tasks.length > 0, code: CREATE},
    {key: 'failure', text: 'See an attempt fail: the task says why, and when it tries again.', does: (health, tasks) => tasks.some((task) => task.error)},
    {key: 'healed', text: 'See a task heal: the gold seam is the repair.', does: (health, tasks) => tasks.some(isHealed)},
    {key: 'mended', text: 'Mend a dead letter: open one, edit its input, retry.', does: (health, tasks) => tasks.some((task) => task.round > 1 && task.status === 'completed'), href: '/dead-letters'},
];

function total(health) { return Object.values(health.counts).reduce((sum, value) => sum + value, 0); }

class Checklist extends Part {
    mount() {
        this.hidden = true;
        this.ticked = new Set(JSON.parse(localStorage.getItem(TICKS) ?? '[]'));
        this.atEnd(store.on('tasks', () => { if (this.health) this.redraw(); }));
    }

    update(health) {
        this.health = health;
        this.redraw();
    }

    draw() {
        if (this.isClosed ??= localStorage.getItem(CLOSED) === 'closed') { this.hidden = true; return; }
        const tasks = this.ticked.size < STEPS.length ? [...store.all()] : [];
        const before = this.ticked.size;
        for (const step of STEPS) if (!this.ticked.has(step.key) && step.does(this.health, tasks)) this.ticked.add(step.key);
        if (this.ticked.size !== before) localStorage.setItem(TICKS, JSON.stringify([...this.ticked]));
        this.hidden = false;
        const signature = [...this.ticked].sort().join();
        if (signature === this.signature) return;
        this.signature = signature;
        const next = STEPS.find((step) => !this.ticked.has(step.key));
        replace(this, h('section', {class: 'card checklist', 'aria-labelledby': 'checklist-title'},
            h('div', {class: 'card-head'}, h('h2', {id: 'checklist-title'}, next ? 'First steps' : 'You have seen it all: tasks break here, and mend.'),
                h('span', {class: 'muted'}, `${this.ticked.size} of ${STEPS.length}`),
                h('button', {class: 'button is-quiet is-small push', type: 'button', on: {click: () => { localStorage.setItem(CLOSED, 'closed'); this.isClosed = true; this.redraw(); }}}, 'Close for good')),
            h('ol', {class: 'steps'}, STEPS.map((step) => {
                const isDone = this.ticked.has(step.key);
                return h('li', {class: `step${isDone ? ' is-done' : ''}${step === next ? ' is-next' : ''}`},
                    icon(isDone ? 'check' : 'pending', isDone ? 'Done' : 'To do'),
                    h('div', {class: 'grow'}, step.href && !isDone ? h('a', {href: step.href}, step.text) : h('span', {}, step.text),
                        step.code && !isDone ? h('div', {class: 'step-code'}, h('code', {}, step.code(location.origin)), copyButton(step.code(location.origin), 'Copy the command')) : null));
            }))));
    }
}
define('k-checklist', Checklist);
