// Keys: every binding stands in one registry, which the help sheet shows; single letters can be switched off.

const KEY = 'kintsugi.keys';
const bindings = [];
let prefix = null;
let prefixTimer = null;

export function areLettersOn() { return localStorage.getItem(KEY) !== 'off'; }
export function setLettersOn(value) { localStorage.setItem(KEY, value ? 'on' : 'off'); }

/**
 * Binds keys, such as `g o`, `j` or `Escape`. The newest binding whose `when` says yes is the one that acts.
 * Gives back what removes the binding.
 */
export function bind(keys, help, act, {group = 'Everywhere', when = () => true} = {}) {
    const binding = {keys, help, act, group, when, parts: keys.split(' ')};
    bindings.unshift(binding);
    return () => { const index = bindings.indexOf(binding); if (index >= 0) bindings.splice(index, 1); };
}

/** What is bound now, by group, oldest first, for the help. */
export function all() {
    const groups = new Map();
    for (const binding of [...bindings].reverse()) {
        if (!binding.help) continue;
        if (!groups.has(binding.group)) groups.set(binding.group, []);
        const group = groups.get(binding.group);
        if (!group.some((one) => one.keys === binding.keys)) group.push(binding);
    }
    return groups;
}

function isTyping(target) {
    return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
        && !/^(checkbox|radio|range|button)$/.test(target.type);
}

function press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing) return;
    const isNamed = event.key.length > 1;
    if (isTyping(event.target) && event.key !== 'Escape') return;
    if (!isNamed && !areLettersOn()) return;
    // A dialog has keys of its own.
    const isInDialog = document.querySelector('dialog[open]') !== null;
    if (isInDialog) return;
    // Space and Enter belong to the control that has the focus.
    if ((event.key === ' ' || event.key === 'Enter') && event.target.closest?.('button, a[href], summary, [role="tab"], input')) return;
    const pressed = event.key === ' ' ? 'Space' : event.key;
    const found = bindings.find((one) => prefix
        ? one.parts.length === 2 && one.parts[0] === prefix && one.parts[1] === pressed && one.when()
        : one.parts.length === 1 && one.parts[0] === pressed && one.when());
    const begins = !prefix && bindings.some((one) => one.parts.length === 2 && one.parts[0] === pressed && one.when());
    clearTimeout(prefixTimer);
    prefix = null;
    if (found) {
        event.preventDefault();
        found.act(event);
    } else if (begins) {
        prefix = pressed;
        prefixTimer = setTimeout(() => { prefix = null; }, 1500);
    }
}

document.addEventListener('keydown', press);
