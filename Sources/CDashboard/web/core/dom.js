// Making and changing elements. Text goes in as text nodes only; nothing here parses HTML.

const SVG = 'http://www.w3.org/2000/svg';
const PROPERTIES = new Set(['value', 'checked', 'disabled', 'selected', 'indeterminate', 'open', 'tabIndex']);

/** Makes an HTML element: `h('button', {class: 'button', on: {click}}, 'Cancel')`. */
export function h(tag, props, ...children) {
    return fill(document.createElement(tag), props, children);
}

/** Makes an SVG element. */
export function svg(tag, props, ...children) {
    return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(element, props, children) {
    for (const [name, value] of Object.entries(props ?? {})) assign(element, name, value);
    append(element, children);
    return element;
}

/** Sets one attribute, property, listener set (`on`), dataset (`data`) or set of CSS variables (`css`). */
export function assign(element, name, value) {
    if (name === 'on') {
        for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    } else if (name === 'data') {
        for (const [key, item] of Object.entries(value)) {
            if (item === null || item === undefined) delete element.dataset[key];
            else element.dataset[key] = item;
        }
    } else if (name === 'css') {
        // Through the object model: the policy forbids style attributes.
        for (const [key, item] of Object.entries(value)) element.style.setProperty(key, item);
    } else if (PROPERTIES.has(name) && name in element) {
        element[name] = value;
    } else if (value === null || value === undefined || value === false) {
        element.removeAttribute(name);
    } else {
        element.setAttribute(name, value === true ? '' : String(value));
    }
}

function append(element, children) {
    for (const child of children.flat(Infinity)) {
        if (child === null || child === undefined || child === false) continue;
        element.append(child instanceof Node ? child : String(child));
    }
}

/** Puts these children in place of all there are. */
export function replace(element, ...children) {
    const hadFocus = holdsFocus(element);
    element.replaceChildren();
    append(element, children);
    if (hadFocus) keepFocus(element);
    return element;
}

function holdsFocus(element) { return document.activeElement !== document.body && element.contains(document.activeElement); }

/** What had the focus is gone: it goes to what is around it, so that the keyboard goes on from here and not from the top. */
export function keepFocus(element) {
    const active = document.activeElement;
    if (active && active !== document.body) return;
    (element.closest('[tabindex]') ?? document.getElementById('main'))?.focus({preventScroll: true});
}

/** Sets the text if it differs, so that nothing is laid out anew for nothing. */
export function setText(element, text) {
    const wanted = text === null || text === undefined ? '' : String(text);
    if (element.textContent !== wanted) element.textContent = wanted;
}

/** Sets an attribute if it differs. */
export function setAttribute(element, name, value) {
    if (value === null || value === undefined || value === false) {
        if (element.hasAttribute(name)) element.removeAttribute(name);
    } else {
        const text = value === true ? '' : String(value);
        if (element.getAttribute(name) !== text) element.setAttribute(name, text);
    }
}

/**
 * Makes the children of `parent` be those of `items`, in order, each made once and then updated.
 * An element keeps its focus and its place on the screen as long as its key is there.
 */
export function keyed(parent, items, keyOf, make, update) {
    const known = parent.keyedChildren ??= new Map();
    const wanted = new Map();
    let place = parent.firstChild;
    for (const item of items) {
        const key = keyOf(item);
        if (wanted.has(key)) continue;
        let element = known.get(key);
        if (!element) element = make(item);
        wanted.set(key, element);
        update?.(element, item);
        if (element === place) place = place.nextSibling;
        else parent.insertBefore(element, place);
    }
    const hadFocus = holdsFocus(parent);
    for (const [key, element] of known) if (wanted.get(key) !== element) element.remove();
    parent.keyedChildren = wanted;
    if (hadFocus) keepFocus(parent);
}

const waiting = new Map();
let isScheduled = false;

/** Runs `work` once before the next frame, however often it is asked for under the same key. */
export function nextFrame(key, work) {
    waiting.set(key, work);
    if (isScheduled) return;
    isScheduled = true;
    const run = () => {
        if (!isScheduled) return;
        isScheduled = false;
        const all = [...waiting.values()];
        waiting.clear();
        for (const one of all) one();
    };
    requestAnimationFrame(run);
    // A hidden page gets no frames, but what it shows must be right when it is looked at again.
    if (document.hidden) setTimeout(run, 200);
}

/** A custom element whose listeners and subscriptions end when it leaves the page. */
export class Part extends HTMLElement {
    #ending = null;
    #leaving = [];

    connectedCallback() {
        if (this.#ending) return;
        this.#ending = new AbortController();
        this.mount();
    }

    disconnectedCallback() {
        // Moving an element within the page disconnects it for a moment only.
        queueMicrotask(() => {
            if (this.isConnected || !this.#ending) return;
            this.#ending.abort();
            this.#ending = null;
            for (const leave of this.#leaving.splice(0)) leave();
            this.unmount();
        });
    }

    /** What the element does when it comes onto the page. */
    mount() {}
    /** What it does when it has left. */
    unmount() {}

    /** Ends with the element: for `addEventListener` and `fetch`. */
    get signal() { return this.#ending?.signal; }

    /** Calls `leave` when the element leaves the page. */
    atEnd(leave) { this.#leaving.push(leave); }

    /** Draws before the next frame, at most once a frame. */
    redraw() { if (this.#ending) nextFrame(this, () => { if (this.isConnected) this.draw(); }); }

    draw() {}
}

const sheets = new Map();

/** Loads styles that only some rooms need, once; settles when they hold, or cannot be had. */
export function stylesheet(url) {
    if (!sheets.has(url.href)) sheets.set(url.href, new Promise((resolve) => {
        document.head.append(h('link', {rel: 'stylesheet', href: url.href, on: {load: resolve, error: resolve}}));
    }));
    return sheets.get(url.href);
}

/** Names a custom element once. */
export function define(name, type) {
    if (!customElements.get(name)) customElements.define(name, type);
}
