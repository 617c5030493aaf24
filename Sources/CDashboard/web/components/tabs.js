// Tabs by the book: arrow keys move, the chosen one is in the tab order, each has its panel.

import {h, replace} from '../core/dom.js';

let serial = 0;

/**
 * `tabs`: `[{key, label, draw(panel)}]`. Gives `{element, choose(key), draw()}`; `onChoose(key)` hears of a choice by the
 * person, who may then change the address.
 */
export function tabs(list, {label, chosen, onChoose}) {
    const id = `tabs-${++serial}`;
    let current = null;
    const panel = h('div', {role: 'tabpanel', tabindex: '0', id: `${id}-panel`, class: 'tab-panel'});
    const buttons = new Map(list.map((tab) => [tab.key, h('button', {
        class: 'tab', role: 'tab', type: 'button', id: `${id}-${tab.key}`, 'aria-controls': `${id}-panel`,
        on: {click: () => { choose(tab.key); onChoose?.(tab.key); }},
    }, tab.label)]));
    const bar = h('div', {class: 'tabs', role: 'tablist', 'aria-label': label, on: {keydown(event) {
        const keys = [...buttons.keys()];
        const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
        const next = step ? keys.at((keys.indexOf(current) + step) % keys.length)
            : {Home: keys[0], End: keys.at(-1)}[event.key];
        if (!next) return;
        event.preventDefault();
        choose(next);
        onChoose?.(next);
        buttons.get(next).focus();
    }}}, [...buttons.values()]);

    function choose(key) {
        if (!buttons.has(key)) key = list[0].key;
        if (key === current) return;
        current = key;
        for (const [name, button] of buttons) {
            button.setAttribute('aria-selected', String(name === key));
            button.tabIndex = name === key ? 0 : -1;
        }
        panel.setAttribute('aria-labelledby', `${id}-${key}`);
        replace(panel);
        list.find((tab) => tab.key === key).draw(panel);
    }
    choose(chosen);
    return {
        element: h('div', {class: 'tabbed'}, bar, panel), choose, panel,
        get current() { return current; },
        /** Draws the chosen panel anew. */
        redraw() { replace(panel); list.find((tab) => tab.key === current).draw(panel); },
        label(key, ...content) { replace(buttons.get(key), content); },
    };
}
