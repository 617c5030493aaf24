// The states of a breaker over a day, from the marks of the statistics. Pure.

const STATES = {
    circuit_breaker_opened: 'open', breaker_forced_open: 'open', circuit_breaker_half_opened: 'half_open',
    circuit_breaker_closed: 'closed', breaker_forced_closed: 'closed',
};

/** `[{from, to, state}]` without gaps from `from` to `to`; `marks` of any order and of any provider, `state`: the one now. */
export function history(marks, provider, from, to, state) {
    const own = marks.filter((mark) => mark.provider === provider && STATES[mark.type])
        .map((mark) => ({at: Math.max(from, Date.parse(mark.at)), state: STATES[mark.type]})).filter((mark) => mark.at <= to).sort((a, b) => a.at - b.at);
    // What was before the first mark is what that mark changed: only a closed one opens.
    const first = own.length === 0 ? state : own[0].state === 'open' ? 'closed' : own[0].state === 'half_open' ? 'open' : 'half_open';
    const parts = [];
    const add = (begin, end, is) => {
        if (end <= begin) return;
        const last = parts.at(-1);
        if (last?.state === is) last.to = end;
        else parts.push({from: begin, to: end, state: is});
    };
    add(from, own[0]?.at ?? to, first);
    own.forEach((mark, index) => add(mark.at, own[index + 1]?.at ?? to, mark.state));
    return parts;
}

/** How long it was in a state, in milliseconds. */
export function timeIn(parts, state) {
    return parts.reduce((sum, part) => part.state === state ? sum + part.to - part.from : sum, 0);
}

/** Who needs someone first: open, probing, forced, then the higher failure rate of some calls. */
export function urgency(breaker) {
    const base = {open: 8, half_open: 4, closed: 0}[breaker.state] + (breaker.forced ? 2 : 0);
    return base + (breaker.calls === null || breaker.calls >= 5 ? breaker.failure_rate : 0);
}
