// Before the first paint, so that a dark room stays dark; the rest is in core/theme.js.
{
    const theme = localStorage.getItem('kintsugi.theme');
    if (theme && theme !== 'system') document.documentElement.dataset.theme = theme;
}
