// The box for queries: words become chips, with suggestions while typing. What it holds is in the address.

import {h, Part, define, replace, setAttribute} from '../core/dom.js';
import {icon} from '../core/icons.js';
import {fault, format, formatAll, parse, suggestions} from '../core/query.js';
import {go, href, onPlace, place} from '../core/router.js';
import {resources, store} from '../core/store.js';

let serial = 0;

/** Values that were seen, for suggestions. */
function known() {
    const agents = new Set((resources.agents.value?.data ?? []).map((agent) => agent.id));
    const [types, users] = [new Set(), new Set()];
    let looked = 0;
    for (const task of store.all()) {
        if (task.agent_id) agents.add(task.agent_id);
        types.add(task.type);
        users.add(task.user_id);
        if (++looked > 2000) break;
    }
    return {agent: [...agents].sort(), type: [...types].sort(), user: [...users].sort()};
}

class QueryBox extends Part {
    mount() {
        const id = `query-${++serial}`;
        this.list = h('ul', {class: 'query-list', role: 'listbox', id, 'aria-label': 'Suggestions', hidden: true});
        this.input = h('input', {
            class: 'query-input', type: 'text', role: 'combobox', 'aria-expanded': 'false', 'aria-controls': id, 'aria-autocomplete': 'list',
            'aria-label': 'Filter tasks', placeholder: 'Find tasks: status:failed agent:… or an id', autocomplete: 'off', spellcheck: 'false',
            on: {input: () => this.suggest(), keydown: (event) => this.press(event), focus: () => this.suggest(), blur: () => setTimeout(() => this.hide(), 120)},
        });
        this.chipList = h('span', {class: 'query-chips'});
        replace(this, h('div', {class: 'query', role: 'search', on: {click: (event) => { if (event.target === event.currentTarget) this.input.focus(); }}},
            icon('search'), this.chipList, this.input), this.list);
        this.atEnd(onPlace(() => this.read()));
        this.read();
    }

    focusInput() { this.input.focus(); this.input.select(); }

    /** The chips are those of the address while the list of tasks is shown. */
    read() {
        const {path, params} = place();
        this.chips = path === '/tasks' ? parse(params.get('q') ?? '') : [];
        this.showChips();
    }

    showChips() {
        replace(this.chipList, this.chips.map((chip, index) => {
            const wrong = fault(chip);
            return h('span', {class: `chip${wrong ? ' is-wrong' : ''}${chip.negated ? ' is-not' : ''}`, title: wrong},
                h('button', {class: 'chip-text', type: 'button', title: 'Edit', on: {click: () => this.edit(index)}}, format(chip)),
                h('button', {class: 'chip-remove', type: 'button', 'aria-label': `Remove ${format(chip)}`, on: {click: () => this.remove_(index)}}, icon('close')));
        }));
        this.input.placeholder = this.chips.length ? '' : 'Find tasks: status:failed agent:… or an id';
    }

    remove_(index) { this.apply(this.chips.filter((_, at) => at !== index)); this.input.focus(); }

    edit(index) {
        const [chip] = this.chips.splice(index, 1);
        this.showChips();
        this.input.value = format(chip);
        this.input.focus();
        this.suggest();
    }

    apply(chips) {
        this.chips = chips;
        this.input.value = '';
        this.hide();
        this.showChips();
        const {path, params} = place();
        const kept = path === '/tasks' ? Object.fromEntries([...params].filter(([name]) => name !== 'q' && name !== 'task' && name !== 'tab')) : {};
        go(href('/tasks', {...kept, q: formatAll(chips)}), {replace: path === '/tasks'});
    }

    /** What is being typed: from the last space that is not in quotes. */
    get word() { return /(?:"(?:[^"\\]|\\.)*(?:"|$)|[^\s"])*$/.exec(this.input.value)[0]; }

    suggest() {
        if (document.activeElement !== this.input) return;
        const found = this.input.value || this.chips.length === 0 ? suggestions(this.word, known()) : [];
        this.chosen = -1;
        this.found = found;
        replace(this.list, found.map((one, index) => h('li', {
            class: 'query-option', role: 'option', id: `${this.list.id}-${index}`, 'aria-selected': 'false',
            on: {pointerdown: (event) => { event.preventDefault(); this.take(one); }},
        }, h('span', {class: 'mono'}, one.text), h('span', {class: 'hint'}, one.help))));
        this.list.hidden = found.length === 0;
        setAttribute(this.input, 'aria-expanded', String(found.length > 0));
    }

    hide() {
        this.list.hidden = true;
        setAttribute(this.input, 'aria-expanded', 'false');
        setAttribute(this.input, 'aria-activedescendant', null);
    }

    take(suggestion) {
        const value = this.input.value;
        this.input.value = value.slice(0, value.length - this.word.length) + suggestion.text;
        // A value that is complete becomes a chip; a field waits for its value.
        if (/[:.]$/.test(suggestion.text)) this.suggest();
        else this.apply([...this.chips, ...parse(this.input.value)]);
    }

    press(event) {
        const isOpen = !this.list.hidden;
        if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && isOpen) {
            event.preventDefault();
            const step = event.key === 'ArrowDown' ? 1 : -1;
            this.chosen = (this.chosen + step + this.found.length + (this.chosen < 0 && step < 0 ? 1 : 0)) % this.found.length;
            [...this.list.children].forEach((item, index) => setAttribute(item, 'aria-selected', String(index === this.chosen)));
            setAttribute(this.input, 'aria-activedescendant', `${this.list.id}-${this.chosen}`);
            this.list.children[this.chosen]?.scrollIntoView({block: 'nearest'});
        } else if (event.key === 'Enter') {
            event.preventDefault();
            if (isOpen && this.chosen >= 0) this.take(this.found[this.chosen]);
            else this.apply([...this.chips, ...parse(this.input.value)]);
        } else if (event.key === 'Tab' && isOpen && this.chosen >= 0) {
            event.preventDefault();
            this.take(this.found[this.chosen]);
        } else if (event.key === ' ' && /:./.test(this.word) && (this.word.match(/"/g)?.length ?? 0) % 2 === 0) {
            event.preventDefault();
            this.apply([...this.chips, ...parse(this.input.value)]);
            this.input.focus();
        } else if (event.key === 'Backspace' && this.input.value === '' && this.chips.length) {
            event.preventDefault();
            this.edit(this.chips.length - 1);
        } else if (event.key === 'Escape') {
            if (isOpen) this.hide();
            else this.input.blur();
            event.preventDefault();
        }
    }
}
define('k-query-box', QueryBox);

export function queryBox() { return h('k-query-box', {class: 'bar-search'}); }
