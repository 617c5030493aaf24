// How failures are mended: what happens by itself, what has worked here, and the fallback chains.

import {define, h, Part, replace, stylesheet} from '../core/dom.js';
import {count, counted} from '../core/format.js';
import {icon} from '../core/icons.js';
import {href, onPlace, place} from '../core/router.js';
import {resources} from '../core/store.js';
import './recovery/catalogue.js';
import './recovery/chain.js';
import './recovery/chain-list.js';

await stylesheet(new URL('../styles/recovery.css', import.meta.url));

class Recovery extends Part {
    mount() {
        this.atEnd(onPlace(() => this.read()));
        this.atEnd(resources.health.subscribe(() => this.redraw()));
        this.atEnd(resources.summary.subscribe(() => this.redraw()));
        this.read();
    }

    /** The room itself, or one chain on a page of its own. */
    read() {
        const {path} = place();
        const id = /^\/recovery\/([^/]+)$/.exec(path)?.[1] ?? null;
        if (!id && path !== '/recovery' || this.shown === path) return;
        this.shown = path;
        if (id) return void replace(this, h('div', {class: 'screen recovery'}, h('k-chain', {'chain-id': id === 'new' ? null : id})));
        this.stages = h('ol', {class: 'stages'});
        const chains = h('k-chains', {on: {'chains-known': ({detail}) => { this.chainCount = detail.filter((chain) => chain.enabled).length; this.redraw(); }}});
        replace(this, h('div', {class: 'screen recovery'},
            h('div', {class: 'screen-head'}, h('h1', {}, 'Recovery'), h('p', {class: 'lead'}, 'What happens when an attempt fails: first by itself, then by the steps you lay down, last by a person. Nothing is given up without a trace.')),
            this.stages, chains, h('k-catalogue')));
        this.draw();
    }

    draw() {
        if (!this.stages) return;
        const [health, letters] = [resources.health.value, resources.summary.value];
        const stage = (name, title, text, figure, to) => h('li', {class: 'card stage'}, h('div', {class: 'stage-head'}, icon(name), h('h2', {}, title)), h('p', {class: 'muted'}, text), h('p', {class: 'stage-now'}, to && figure ? h('a', {href: to}, figure) : figure));
        const figures = [health ? `${counted(health.counts.pending + health.counts.in_progress, 'task')} under way` : '–', this.chainCount === undefined ? '–' : this.chainCount ? `${counted(this.chainCount, 'chain')} switched on` : 'none switched on',
            letters ? `${count(letters.pending)} pending` : '–', health?.counts.waiting ? `${counted(health.counts.waiting, 'task')} for a person` : null];
        if (figures.join() === this.signature && this.stages.firstChild) return;
        this.signature = figures.join();
        replace(this.stages,
            stage('retry', 'Automatic retry', 'Retryable failures run again, up to 6 attempts by default, with growing waits and jitter. An open breaker holds the task instead of spending attempts.', figures[0], href('/tasks', {q: 'status:pending,in_progress'})),
            stage('recovery', 'Fallback chain', 'If that is not enough: steps in order, such as another agent, more time, corrected input, a prepared output or a person, until one succeeds.', figures[3] ? [figures[1], ', ', h('a', {href: href('/tasks', {q: 'status:waiting'})}, figures[3])] : figures[1], null),
            stage('dead_letters', 'Dead letters', 'What nothing could mend waits for a person, with its input, its history and what could help. It can be retried at any time.', figures[2], '/dead-letters'));
    }
}
define('k-recovery', Recovery);
