// What has changed between two texts or two sets of facts. Pure.

/** Beyond this many comparisons the middle is shown as replaced in whole. */
const MOST_CELLS = 4_000_000;

/** The lines of two texts: `[{kind: 'same' | 'gone' | 'new', text, before, after}]`; `before` and `after` are line numbers. */
export function lines(left, right) {
    const [a, b] = [left.split('\n'), right.split('\n')];
    let head = 0;
    while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
    let tail = 0;
    while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail += 1;
    const kinds = [
        ...Array(head).fill('same'),
        ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
        ...Array(tail).fill('same'),
    ];
    let [before, after] = [0, 0];
    return kinds.map((kind) => {
        if (kind !== 'new') before += 1;
        if (kind !== 'gone') after += 1;
        return {
            kind, text: kind === 'new' ? b[after - 1] : a[before - 1],
            before: kind === 'new' ? null : before, after: kind === 'gone' ? null : after,
        };
    });
}

/** The kinds of the lines in between, by the longest common subsequence. */
function middle(a, b) {
    if (a.length * b.length > MOST_CELLS) return [...a.map(() => 'gone'), ...b.map(() => 'new')];
    const width = b.length + 1;
    const longest = new Uint32Array((a.length + 1) * width);
    for (let i = a.length - 1; i >= 0; i -= 1) {
        for (let j = b.length - 1; j >= 0; j -= 1) {
            longest[i * width + j] = a[i] === b[j] ? longest[(i + 1) * width + j + 1] + 1
                : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
        }
    }
    const kinds = [];
    let [i, j] = [0, 0];
    while (i < a.length || j < b.length) {
        if (i < a.length && j < b.length && a[i] === b[j]) { kinds.push('same'); i += 1; j += 1; }
        else if (i < a.length && (j === b.length || longest[(i + 1) * width + j] >= longest[i * width + j + 1])) { kinds.push('gone'); i += 1; }
        else { kinds.push('new'); j += 1; }
    }
    return kinds;
}

/** Leaves out what is the same further than `context` lines from a change: `{kind: 'skip', count}` stands for it. */
export function around(changes, context = 3) {
    const isNear = changes.map(() => false);
    changes.forEach((change, index) => {
        if (change.kind === 'same') return;
        for (let near = Math.max(0, index - context); near <= Math.min(changes.length - 1, index + context); near += 1) isNear[near] = true;
    });
    const kept = [];
    changes.forEach((change, index) => {
        if (isNear[index]) kept.push(change);
        else if (kept.at(-1)?.kind === 'skip') kept.at(-1).count += 1;
        else kept.push({kind: 'skip', count: 1});
    });
    return kept;
}

/** `{gone, new}`: how many lines went and came. */
export function tally(changes) {
    const count = (kind) => changes.filter((change) => change.kind === kind).length;
    return {gone: count('gone'), new: count('new')};
}

/** Facts side by side, `[{name, left, right, differs}]`, of two lists of `[name, text]` with the same names in order. */
export function facts(left, right) {
    return left.map(([name, text], index) => ({name, left: text, right: right[index][1], differs: text !== right[index][1]}));
}
