// The steps of a chain as cards that are filled in and put in order, by mouse or by keys.

import {moved, emptyStep} from '../../core/chain.js';
import {h, replace, setText} from '../../core/dom.js';
import {words} from '../../core/format.js';
import {icon} from '../../core/icons.js';
import {resources} from '../../core/store.js';
import {does, STRATEGIES} from '../../core/strategies.js';
import {errorPicker} from '../../components/error-picker.js';
import {choice, slots, text} from '../../components/faults.js';

/** As many as a chain may have. */
const MOST = 20;

/** `{element, steps(), show(faults), set(steps)}`; `onChange` hears of every change. */
export function stepEditor(onChange) {
    const list = h('ol', {class: 'step-cards'});
    const told = h('p', {class: 'visually-hidden', role: 'status'});
    const fault = h('p', {class: 'fault', role: 'alert'});
    const adder = choice('', [['', 'Add a step…'], ...Object.keys(STRATEGIES).map((name) => [name, words(name)])], {'aria-label': 'Add a step', on: {change: () => add(adder.value)}});
    const element = h('div', {class: 'step-editor'}, list, h('div', {class: 'step-end'}, h('span', {class: 'badge'}, icon('dead_letters')), h('span', {class: 'muted'}, 'What none of them mends goes to the dead letters.')),
        fault, h('div', {class: 'step-add'}, adder), told);
    let cards = [];

    function draw() {
        list.replaceChildren(...cards.map((card) => card.element));
        cards.forEach((card, index) => card.place(index, cards.length));
        adder.disabled = cards.length >= MOST;
    }

    function add(strategy) {
        adder.value = '';
        if (!strategy) return;
        cards.push(make(emptyStep(strategy)));
        draw();
        cards.at(-1).focus();
        onChange();
    }

    function move(card, to, control = null) {
        const from = cards.indexOf(card);
        if (to < 0 || to >= cards.length || to === from) return;
        cards = moved(cards, from, to);
        draw();
        // The element was taken out and put in again: the focus goes with it.
        if (control) (control.disabled ? card.handle : control).focus();
        setText(told, `${words(card.step.strategy)} is step ${to + 1} of ${cards.length} now.`);
        onChange();
    }

    function remove(card) {
        const index = cards.indexOf(card);
        cards = cards.filter((one) => one !== card);
        draw();
        (cards[Math.min(index, cards.length - 1)]?.handle ?? adder).focus();
        setText(told, `${words(card.step.strategy)} is removed.`);
        onChange();
    }

    const make = (step) => stepCard(step, {move: (card, by, control) => move(card, cards.indexOf(card) + by, control), to: (card, other) => move(card, cards.indexOf(other)), remove, all: () => cards, onChange});
    return {
        element, steps: () => cards.map((card) => card.step),
        set(steps) { cards = steps.map(make); draw(); },
        /** Shows the faults at their fields; gives back those that belong to no step. */
        show(faults) {
            for (const card of cards) card.faults.clear();
            const [own, rest] = [new Map(), []];
            replace(fault);
            for (const one of faults) {
                const match = /^\/steps(?:\/(\d+))?(.*)$/.exec(one.pointer ?? '');
                if (!match) rest.push(one);
                else if (match[1] === undefined || !cards[match[1]]) fault.append(`${one.detail}. `);
                else own.set(match[1], [...own.get(match[1]) ?? [], {...one, pointer: match[2]}]);
            }
            for (const [index, list_] of [...own].sort((a, b) => b[0] - a[0])) cards[index].faults.show(list_);
            return rest;
        },
    };
}

function stepCard(step, acts) {
    const card = {step, faults: slots()};
    const number = h('span', {class: 'badge'});
    const button = (label, look, run) => h('button', {class: 'button is-quiet is-icon is-small', type: 'button', on: {click: (event) => run(event.currentTarget)}, 'aria-label': label, title: label}, icon(look));
    const up = button('Earlier', 'up', (control) => acts.move(card, -1, control));
    const down = button('Later', 'down', (control) => acts.move(card, 1, control));
    const gone = button('Remove the step', 'cancel', () => acts.remove(card));
    card.handle = h('button', {class: 'step-handle', type: 'button', title: 'Drag, or Alt with the arrow keys', on: {keydown: (event) => {
        const by = event.altKey || event.target === card.handle ? {ArrowUp: -1, ArrowDown: 1}[event.key] : 0;
        if (by) { event.preventDefault(); acts.move(card, by, card.handle); }
    }}}, icon('grip'), number);
    const strategy = choice(step.strategy, Object.keys(STRATEGIES).map((name) => [name, words(name)]), {'aria-label': 'What the step does', on: {change: () => {
        Object.assign(step, {strategy: strategy.value, values: keptValues(step, strategy.value), rest: []});
        fill();
        acts.onChange();
    }}});
    const says = h('p', {class: 'muted'});
    const fields = h('div', {class: 'step-fields'});
    const when = errorPicker('Only on', step.errors, (errors) => { step.errors = errors; acts.onChange(); });
    card.element = h('li', {class: 'step-card'}, h('div', {class: 'step-head'}, card.handle, strategy, h('span', {class: 'step-acts'}, up, down, gone)), says, fields, when.element);

    function fill() {
        setText(says, does(step.strategy));
        card.faults = slots();
        card.faults.add('', strategy, card.element);
        card.faults.add('when', when.element.firstElementChild, when.element);
        replace(fields, (STRATEGIES[step.strategy]?.takes ?? []).map((take) => parameter(step, take, card.faults, acts.onChange)));
    }

    card.place = (index, total) => {
        setText(number, index + 1);
        card.handle.setAttribute('aria-label', `Step ${index + 1} of ${total}: ${words(step.strategy)}. Arrow keys move it.`);
        up.disabled = index === 0;
        down.disabled = index === total - 1;
    };
    card.focus = () => (fields.querySelector('input, select, textarea') ?? strategy).focus();
    drag(card, acts);
    fill();
    return card;
}

/** What a changed strategy has in common with the one before is kept. */
function keptValues(step, strategy) {
    const names = (STRATEGIES[strategy]?.takes ?? []).map(([name]) => name);
    return Object.fromEntries(Object.entries(step.values).filter(([name]) => names.includes(name)));
}

/** A card is dragged by its handle, and takes its place as soon as it is over another. */
function drag(card, {all, to}) {
    const {element, handle} = card;
    handle.addEventListener('pointerdown', () => { element.draggable = true; });
    handle.addEventListener('pointerup', () => { element.draggable = false; });
    element.addEventListener('dragstart', (event) => { event.dataTransfer.effectAllowed = 'move'; event.dataTransfer.setData('text/plain', ''); element.classList.add('is-dragged'); });
    element.addEventListener('dragend', () => { element.draggable = false; element.classList.remove('is-dragged'); });
    element.addEventListener('dragover', (event) => {
        event.preventDefault();
        const dragged = all().find((one) => one.element.classList.contains('is-dragged'));
        if (dragged && dragged !== card) to(dragged, card);
    });
}

function parameter(step, [name, label, kind, hint], faults, onChange) {
    const set = (value) => { step.values[name] = value; onChange(); };
    const value = step.values[name] ?? '';
    if (kind === 'task') return compensation(step, name, faults, onChange);
    let input;
    if (kind === 'json') input = area(value, set);
    else if (kind === 'agent') input = agentChoice(value, set, 'the next healthy one that can do it');
    else if (Array.isArray(kind)) { input = choice(value || kind[0][0], kind, {on: {change: () => set(input.value)}}); }
    else input = text(value, {placeholder: kind === 'span' ? 'such as 30 s, 5 min' : '', inputmode: kind === 'number' ? 'decimal' : null, maxlength: kind === 'text' ? 2000 : null, on: {input: () => set(input.value)}});
    const element = faults.slot(name, label, input, hint || null);
    element.classList.toggle('is-whole', kind === 'json' || kind === 'text');
    return element;
}

function area(value, set) {
    const input = h('textarea', {class: 'input', rows: '4', spellcheck: 'false', on: {input: () => set(input.value)}});
    input.value = value;
    return input;
}

function agentChoice(value, set, none) {
    const ids = (resources.agents.value?.data ?? []).map((agent) => agent.id);
    if (value && !ids.includes(value)) ids.push(value);
    const input = choice(value, [['', none], ...ids.map((id) => [id, id])], {on: {change: () => set(input.value)}});
    return input;
}

function compensation(step, name, faults, onChange) {
    const task = step.values[name] = {type: '', agent_id: '', input: '', rest: [], ...(step.values[name] ?? {})};
    const set = (key) => (value) => { task[key] = value; onChange(); };
    const type = text(task.type, {placeholder: 'payment.refund', on: {input: () => set('type')(type.value)}});
    const body = area(task.input, set('input'));
    const input = faults.slot(`${name}/input`, 'Its input', body, 'JSON; empty: null');
    input.classList.add('is-whole');
    return [faults.slot(`${name}/type`, 'Type of the task', type), faults.slot(`${name}/agent_id`, 'Its agent', agentChoice(task.agent_id, set('agent_id'), 'any that has the type')), input];
}
