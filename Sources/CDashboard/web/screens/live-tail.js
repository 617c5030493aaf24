// Every event as it comes, newest at the bottom. Only the lines that can be seen are in the page, so that a thousand a
// second cost no more than ten.

import {TYPES} from '../core/connection.js';
import {define, h, Part, replace, setText} from '../core/dom.js';
import {count, words} from '../core/format.js';
import {icon} from '../core/icons.js';
import {bind} from '../core/keys.js';
import {onPlace, place, setParams} from '../core/router.js';
import {resources, store} from '../core/store.js';
import {currentZone, everySecond, onZone} from '../core/time.js';
import {empty} from '../components/empty.js';
import {filterBar} from '../components/filter-bar.js';
import {segments} from '../components/segments.js';
import {split} from '../components/split.js';
import {filterOf, keep, MOST, rank, Rate, recentEvents} from './live-tail/feed.js';
import {line} from './live-tail/line.js';

const LEVELS = [['', 'All'], ['warning', 'Warnings and up'], ['error', 'Errors and up'], ['critical', 'Critical']];
/** The height of a line, which is told to the style: wide, and narrow on three rows. */
const HEIGHTS = {wide: 28, narrow: 68};

class LiveTail extends Part {
    mount() {
        Object.assign(this, {lines: [], drawn: new Map(), held: [], serial: 0, unseen: 0, isFollowing: true, isPaused: false, rate: new Rate()});
        this.split = split({onClose: () => this.close()});
        this.says = h('span', {class: 'muted', role: 'status'});
        this.pause = h('button', {class: 'button is-small', type: 'button', title: 'Space', on: {click: () => this.togglePause()}});
        this.levels = segments('Severity', LEVELS, '', (value) => setParams({severity: value}));
        const change = (name) => (event) => setParams({[name]: event.target.value});
        this.inputs = {
            q: h('input', {class: 'input', type: 'search', 'aria-label': 'Text', placeholder: 'Text, or an id', spellcheck: 'false', on: {input: change('q')}}),
            type: h('select', {class: 'input', 'aria-label': 'Event type', on: {change: change('type')}}, h('option', {value: ''}, 'Any event'), TYPES.map((type) => h('option', {value: type}, words(type)))),
            agent: h('select', {class: 'input', 'aria-label': 'Agent', on: {change: change('agent')}}),
        };
        this.space = h('div', {class: 'tail-space'});
        this.log = h('div', {class: 'tail-log', tabindex: '0', role: 'region', 'aria-label': 'Events, newest last'}, this.space);
        this.jump = h('button', {class: 'pill is-new tail-jump', type: 'button', hidden: true, on: {click: () => this.follow()}});
        this.nothing = h('div', {class: 'tail-nothing'}, empty('live', 'Waiting for events', 'Each attempt, failure and repair appears here the moment it is recorded.'));
        replace(this.split.list, h('div', {class: 'tail'}, h('div', {class: 'screen-head'}, h('h1', {}, 'Live tail'), this.says, h('span', {class: 'push-always'}, this.pause)),
            this.filters = filterBar(this.levels, this.inputs), h('div', {class: 'card tail-card'}, this.log, this.nothing, this.jump)));
        replace(this, this.split.element);
        this.log.addEventListener('scroll', () => this.scrolled(), {passive: true, signal: this.signal});
        const observer = new ResizeObserver(() => this.measure());
        observer.observe(this.log);
        this.atEnd(() => observer.disconnect());
        this.atEnd(store.on('events', (events) => this.take(events)));
        this.atEnd(resources.agents.subscribe(() => this.#fillAgents()));
        this.atEnd(everySecond(() => this.#second()));
        this.atEnd(onZone(() => this.#times()));
        this.atEnd(onPlace(() => this.read()));
        this.atEnd(bind('Space', 'Pause or go on', () => this.togglePause(), {group: 'Live tail'}));
        this.atEnd(bind('End', 'Jump to the newest', () => this.follow(), {group: 'Live tail'}));
        this.atEnd(bind('Escape', 'Close the panel', () => this.close(), {group: 'Lists', when: () => this.split.isOpen}));
        this.#showPause();
        this.measure();
        this.read();
    }

    // The address

    read() {
        const {path, params} = place();
        if (path !== '/live') return;
        const filter = {q: params.get('q'), type: params.get('type'), agent: params.get('agent'), least: params.get('severity')};
        this.levels.choose(filter.least ?? '');
        for (const [name, input] of Object.entries(this.inputs)) if (document.activeElement !== input) input.value = params.get(name) ?? '';
        this.filters.count();
        const signature = JSON.stringify(filter);
        if (signature !== this.filtered) {
            this.filtered = signature;
            this.fits = filterOf(filter);
            this.isFiltered = Object.values(filter).some(Boolean);
            this.#restart();
        }
        const [task, seq] = [params.get('task'), params.get('seq')];
        const shown = task && `${task} ${seq}`;
        if (shown === this.shown) return;
        this.shown = shown;
        if (!task) return void this.split.close();
        const body = h('k-tail-event', {'task-id': task, seq});
        body.event = this.lines.find((one) => one.event.task_id === task && one.event.seq === Number(seq))?.event;
        this.split.open({label: 'The event', page: `/tasks/${task}`, body: [h('h1', {class: 'visually-hidden panel-title'}, 'Event'), body]});
    }

    close() { setParams({task: null, seq: null, tab: null, event: null}); }

    #fillAgents() {
        const ids = (resources.agents.value?.data ?? []).map((agent) => agent.id);
        const chosen = place().params.get('agent');
        if (chosen && !ids.includes(chosen)) ids.push(chosen);
        if (ids.join() === this.agentIDs) return;
        this.agentIDs = ids.join();
        replace(this.inputs.agent, h('option', {value: ''}, 'Any agent'), ids.map((id) => h('option', {value: id}, id)));
        this.inputs.agent.value = chosen ?? '';
    }

    // Events

    #restart() {
        for (const element of this.drawn.values()) element.remove();
        this.drawn.clear();
        this.lines = [];
        this.unseen = 0;
        this.isFollowing = true;
        this.#add(recentEvents());
    }

    take(events) {
        this.rate.add(events.length, Date.now());
        if (this.isPaused) {
            keep(this.held, events);
            this.heldCount += events.length;
        } else {
            this.#add(events);
        }
    }

    /** Takes in what fits; of what merely informs only one of n when more comes than anybody can read. */
    #add(events) {
        const {oneOf} = this.rate;
        const fresh = [];
        for (const event of events) {
            this.serial += 1;
            if (!this.fits(event) || oneOf > 1 && rank(event.severity) === 0 && this.serial % oneOf !== 0) continue;
            fresh.push({key: this.serial, event});
        }
        const dropped = keep(this.lines, fresh);
        if (!this.isFollowing) {
            this.unseen += fresh.length;
            // What goes at the beginning must not move what is being read.
            if (dropped) this.log.scrollTop -= dropped * this.height;
        }
        if (fresh.length || events.length === 0) this.redraw();
        this.nothing.hidden = this.lines.length > 0;
        this.jump.hidden = this.isFollowing;
        setText(this.jump, this.unseen ? `Jump to the newest, ${count(this.unseen)} new` : 'Jump to the newest');
    }

    togglePause() {
        this.isPaused = !this.isPaused;
        if (!this.isPaused) {
            const held = this.held;
            this.held = [];
            this.#add(held);
        }
        this.heldCount = 0;
        this.#showPause();
    }

    #showPause() {
        replace(this.pause, icon(this.isPaused ? 'play' : 'pause'), this.isPaused ? `Go on${this.heldCount ? `, ${count(this.heldCount)} waiting` : ''}` : 'Pause');
        this.pause.classList.toggle('is-primary', this.isPaused);
    }

    #second() {
        this.rate.add(0, Date.now());
        const {perSecond, oneOf} = this.rate;
        setText(this.says, this.isPaused ? 'Paused: what comes is kept' : oneOf > 1 ? `${count(perSecond)} a second: showing 1 of ${oneOf} that merely inform, and all warnings and errors`
            : `${count(perSecond)} a second${this.lines.length === MOST ? `, the last ${count(MOST)} are kept` : ''}`);
        if (this.isPaused) this.#showPause();
        if (currentZone() === 'relative') this.#times();
    }

    #times() { for (const element of this.drawn.values()) element.drawTime(); }

    // What can be seen

    measure() {
        const isNarrow = this.log.clientWidth < 640;
        this.log.classList.toggle('is-narrow', isNarrow);
        const height = isNarrow ? HEIGHTS.narrow : HEIGHTS.wide;
        const top = this.height ? this.log.scrollTop / this.height : 0;
        this.height = height;
        this.draw();
        // What was being read is still read.
        if (!this.isFollowing) this.log.scrollTop = top * height;
        this.redraw();
    }

    scrolled() {
        const {scrollTop, clientHeight, scrollHeight} = this.log;
        this.isFollowing = scrollTop + clientHeight >= scrollHeight - 6;
        if (this.isFollowing) this.unseen = 0;
        this.jump.hidden = this.isFollowing;
        if (!this.unseen) setText(this.jump, 'Jump to the newest');
        this.redraw();
    }

    follow() {
        if (document.activeElement === this.jump) this.log.focus({preventScroll: true});
        this.isFollowing = true;
        this.unseen = 0;
        this.jump.hidden = true;
        this.redraw();
    }

    draw() {
        const {height, lines} = this;
        this.space.style.height = `${lines.length * height}px`;
        if (this.isFollowing) this.log.scrollTop = lines.length * height;
        const first = Math.max(0, Math.floor(this.log.scrollTop / height) - 6);
        const last = Math.min(lines.length, first + Math.ceil(this.log.clientHeight / height) + 12);
        const wanted = new Map();
        let before = null;
        for (let index = first; index < last; index += 1) {
            const {key, event} = lines[index];
            const element = this.drawn.get(key) ?? line(event, (one) => setParams({task: one.task_id, seq: one.seq, tab: null, event: null}));
            element.style.transform = `translateY(${index * height}px)`;
            // In the order of their time in the document, too, for those who tab or listen.
            if (!element.isConnected) { if (before) before.after(element); else this.space.prepend(element); }
            wanted.set(key, element);
            before = element;
        }
        for (const [key, element] of this.drawn) if (!wanted.has(key)) element.remove();
        this.drawn = wanted;
    }
}
define('k-live-tail', LiveTail);
