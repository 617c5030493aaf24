// The address bar holds all of what is shown: which screen, which task beside the list, which tab, which filter.

const listeners = new Set();

/** The address as the screens see it: `{path, params}`; `params` are those of the query. */
export function place() {
    return {path: location.pathname, params: new URLSearchParams(location.search)};
}

/** Hears of every change of the address; gives back what ends that. */
export function onPlace(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
}

function changed() { for (const listener of listeners) listener(place()); }

/** Goes to an address. Selections replace the history's entry, so that Back leads to the screen before. */
export function go(url, {replace = false} = {}) {
    const target = new URL(url, location.href);
    if (target.href === location.href) return;
    if (replace) history.replaceState(null, '', target);
    else history.pushState(null, '', target);
    changed();
}

/** Changes single parameters of the query; null removes one. */
export function setParams(changes, {replace = true} = {}) {
    const url = new URL(location.href);
    for (const [name, value] of Object.entries(changes)) {
        if (value === null || value === undefined || value === '') url.searchParams.delete(name);
        else url.searchParams.set(name, value);
    }
    go(url.href, {replace});
}

/** The address of a screen with these parameters. */
export function href(path, params = {}) {
    const url = new URL(path, location.origin);
    for (const [name, value] of Object.entries(params)) {
        if (value !== null && value !== undefined && value !== '') url.searchParams.set(name, value);
    }
    return url.pathname + url.search;
}

/** Follows links within the page without loading it anew. */
export function followLinks() {
    document.addEventListener('click', (event) => {
        const link = event.target.closest?.('a[href]');
        if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey
            || event.altKey || link.target || link.hasAttribute('download') || link.origin !== location.origin
            || link.getAttribute('href').startsWith('#') || /^\/(api|docs|openapi\.json|problems|assets|metrics)/.test(link.pathname)) return;
        event.preventDefault();
        go(link.href, {replace: link.dataset.replace !== undefined});
    });
    addEventListener('popstate', changed);
}
