// The health of an agent in words, and the mix of its errors. Pure but for the drawing.

import {h, svg} from '../../core/dom.js';
import {count, percent, words} from '../../core/format.js';

/** `{icon, word, tone, why}`; `breaker`: its provider's, if known; `isAdmin`: who alone sees addresses. */
export function healthOf(agent, breaker, isAdmin) {
    if (agent.draining) return {icon: 'out', word: 'draining', tone: 'copper', why: 'It takes no new tasks, and is gone when its last one has ended.'};
    if (agent.paused) return {icon: 'pause', word: 'paused', tone: 'copper', why: 'It gets no new attempts; its tasks wait, spending nothing.'};
    if (isAdmin && agent.protocol === 'http' && !agent.callback_url) return {icon: 'failed', word: 'no callback', tone: 'crack', why: 'Nobody can call it: its tasks fail as missing_callback.'};
    if (breaker?.state === 'open') return {icon: 'open', word: 'breaker open', tone: 'crack', why: `The breaker of ${breaker.provider} is open: its tasks are held.`};
    if (breaker?.state === 'half_open') return {icon: 'half_open', word: 'being probed', tone: 'copper', why: `The breaker of ${breaker.provider} is half-open.`};
    // Below admin there are no numbers of attempts: the breaker's rate says at least how its provider does.
    const isKnown = agent.stats ? agent.stats.success_rate !== null : !!breaker && breaker.calls !== 0;
    const rate = !isKnown ? null : agent.stats ? agent.stats.success_rate : 1 - breaker.failure_rate;
    const says = rate === null ? '' : agent.stats ? `${percent(1 - rate)} of its attempts failed lately.` : rate === 1 ? 'Its breaker counts no failures.' : `Its breaker counts ${percent(1 - rate)} of failures.`;
    if (rate === null) return {icon: 'pending', word: 'idle', tone: 'still', why: 'No attempt was made lately.'};
    if (rate < 0.5) return {icon: 'failed', word: 'failing', tone: 'crack', why: says};
    if (rate < 0.9) return {icon: 'warning', word: 'unsteady', tone: 'copper', why: says};
    return {icon: 'check', word: 'healthy', tone: 'glaze', why: says};
}

// Patterns and order, not colour alone, tell the parts of the mix apart; the legend names each.
const TONES = ['crack', 'copper', 'person', 'accent', 'still'];

/** The most frequent errors first; beyond four the rest is put together: `[{type, count, tone}]`. Pure. */
export function mixOf(errors) {
    const sorted = Object.entries(errors ?? {}).filter(([, number]) => number > 0).sort((a, b) => b[1] - a[1]);
    const parts = sorted.slice(0, 4).map(([type, number], index) => ({type, count: number, tone: TONES[index]}));
    const rest = sorted.slice(4).reduce((sum, [, number]) => sum + number, 0);
    return rest ? [...parts, {type: 'others', count: rest, tone: TONES[4]}] : parts;
}

/** The mix as a bar; the legend beside it when there is room. */
export function errorMix(errors, {legend = false} = {}) {
    const parts = mixOf(errors);
    if (!parts.length) return h('span', {class: 'faint'}, errors ? 'none' : '–');
    const total = parts.reduce((sum, part) => sum + part.count, 0);
    let x = 0;
    const says = parts.map((part) => `${words(part.type)} ${count(part.count)}`).join(', ');
    const bar = svg('svg', {class: 'mix', viewBox: '0 0 100 8', preserveAspectRatio: 'none', role: 'img', 'aria-label': says}, svg('title', {}, says), parts.map((part) => {
        const width = part.count / total * 100;
        const piece = svg('rect', {class: `mix-part tone-${part.tone}`, x, width: Math.max(1, width - (parts.length > 1 ? 1 : 0)), height: 8});
        x += width;
        return piece;
    }));
    return h('div', {class: 'mix-holder'}, bar, legend
        ? h('ul', {class: 'legend'}, parts.map((part) => h('li', {class: `tone-${part.tone}`}, h('span', {class: 'swatch'}), `${words(part.type)} ${count(part.count)}`)))
        : h('span', {class: 'cell-sub cut'}, `${words(parts[0].type)}${parts.length > 1 ? ` and ${parts.length - 1} more` : ''}`));
}
