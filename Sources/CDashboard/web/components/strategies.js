// Strategies in their rank, each with what is known of its success.

import {h} from '../core/dom.js';
import {words} from '../core/format.js';
import {does, measuredWords, spanText, STRATEGIES} from '../core/strategies.js';

/** `act(one)` gives the button of a strategy that can be done from here. */
export function strategyList(list, act = () => null) {
    return h('ol', {class: 'strategies'}, list.map((one) => {
        const takes = parameterWords(one);
        return h('li', {class: 'strategy'}, h('span', {class: 'strategy-rank', 'aria-hidden': 'true'}, one.rank),
            h('div', {class: 'grow'}, h('strong', {}, words(one.strategy)), one.automatic ? null : h('span', {class: 'badge strategy-badge tone-person'}, 'asks a person'),
                h('p', {class: 'muted'}, one.description ?? does(one.strategy)), takes ? h('p', {class: 'faint strategy-takes'}, `Takes ${takes}`) : null),
            measure(one.measured), act(one));
    }));
}

/** A bar where there is enough to say something; words always. */
export function measure(measured) {
    const {text, rate} = measuredWords(measured);
    return h('span', {class: `strategy-measure${rate === null ? ' faint' : ''}`},
        rate === null ? null : h('span', {class: 'progress', 'aria-hidden': 'true'}, h('span', {class: 'progress-fill', css: {'--share': String(rate)}})), h('span', {}, text));
}

/** What it can be told, with what holds otherwise. */
function parameterWords({strategy, parameters}) {
    const takes = STRATEGIES[strategy]?.takes ?? [];
    return (parameters ?? []).map(({name, required, default: usual}) => {
        const [, label, kind] = takes.find(([own]) => own === name) ?? [name, words(name), 'text'];
        const otherwise = usual === null || usual === undefined || typeof usual === 'object' ? '' : ` (else ${kind === 'span' ? usual === 0 ? 'none' : spanText(usual) : words(usual)})`;
        return `${label.toLowerCase()}${required ? '' : otherwise}`;
    }).join(', ');
}
