// Light, dark, high contrast, or as the system says.

const KEY = 'kintsugi.theme';
export const THEMES = ['system', 'light', 'dark', 'contrast'];

export function currentTheme() {
    const stored = localStorage.getItem(KEY);
    return THEMES.includes(stored) ? stored : 'system';
}

export function setTheme(theme) {
    localStorage.setItem(KEY, theme);
    apply();
}

/** The next one in the round. */
export function nextTheme() {
    const next = THEMES[(THEMES.indexOf(currentTheme()) + 1) % THEMES.length];
    setTheme(next);
    return next;
}

export function apply() {
    const theme = currentTheme();
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
}
