// Retry with another input: the text is checked as it is typed, shown against what was, and sent as it was typed, so
// that no number passes through JavaScript's.

import {api} from '../../core/api.js';
import {h, replace} from '../../core/dom.js';
import {around, lines, tally} from '../../core/diff.js';
import {compact, pretty, read} from '../../core/exact-json.js';
import {counted} from '../../core/format.js';
import {icon} from '../../core/icons.js';
import {store} from '../../core/store.js';
import {acting, begun} from '../../components/acts.js';
import {field, sheet} from '../../components/dialog.js';
import {shownLines} from '../../components/json-view.js';

/** Asks for another input of this task; `payload` is the present one, `{value, text}`. */
export async function editAndRetry(task, payload) {
    const before = payload ? pretty(payload.value) : 'null';
    const area = h('textarea', {class: 'input edit-text', spellcheck: 'false', autocomplete: 'off', rows: '12', autofocus: true});
    area.value = before;
    const reason = h('input', {class: 'input', maxlength: 500, placeholder: 'Why? (optional, stands on the timeline)'});
    const state = h('p', {class: 'edit-state', role: 'status'});
    const diff = h('div', {class: 'diff', tabindex: '0', role: 'region', 'aria-label': 'What changes'});
    let seen = task;
    let value = null;
    const check = () => {
        try {
            value = read(area.value);
            area.classList.remove('is-wrong');
            // Compared in the same form, so that only what matters counts as a change.
            const changes = lines(before, pretty(value));
            const {gone, new: added} = tally(changes);
            const isSame = payload !== null && compact(value) === compact(payload.value);
            replace(state, icon('check'), isSame ? 'Valid JSON, the same as before.' : `Valid JSON. ${counted(added, 'line')} new, ${counted(gone, 'line')} gone.`);
            state.className = 'edit-state tone-glaze';
            replace(diff, isSame ? h('p', {class: 'faint'}, 'Nothing has changed yet.') : diffTable(changes));
        } catch (error) {
            value = null;
            area.classList.add('is-wrong');
            state.className = 'edit-state tone-crack';
            replace(state, icon('warning'), `${error.message}.`);
        }
        area.setAttribute('aria-invalid', String(value === null));
    };
    let timer = null;
    area.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(check, area.value.length > 50_000 ? 400 : 60); });
    check();
    const after = await sheet({
        title: `Edit the input of ${task.type} and retry`, isWide: true,
        body: [
            h('p', {class: 'muted'}, 'The edit is an event on the timeline with both inputs, and agents get a new idempotency key.'),
            h('div', {class: 'edit'}, h('div', {class: 'edit-half'}, field('Input', area), state), h('div', {class: 'edit-half'}, h('h3', {}, 'What changes'), diff)),
            field('Reason', reason),
        ],
        acts: [{label: 'Retry with this input', isDefault: true, run: () => {
            clearTimeout(timer);
            check();
            if (value === null) { area.focus(); return false; }
            const body = `{"input":${area.value}${reason.value.trim() ? `,"reason":${JSON.stringify(reason.value.trim())}` : ''}}`;
            // Somebody else's change is told first; whoever goes on after that knows of it.
            const {version} = seen;
            return acting(task, () => api.post(`/tasks/${task.id}/retry`, body, {headers: {'If-Match': `"v${version}"`}}))
                .catch((error) => { seen = store.task(task.id) ?? seen; throw error; });
        }}],
    });
    return begun(after);
}

/** The changed lines with some around them. */
export function diffTable(changes) {
    const marks = {same: ' ', gone: '−', new: '+'};
    const said = {gone: 'Gone: ', new: 'New: '};
    return h('div', {class: 'diff-lines'}, around(changes).map((line) => line.kind === 'skip'
        ? h('div', {class: 'diff-line is-skip'}, `${counted(line.count, 'line')} as before`)
        : h('div', {class: `diff-line is-${line.kind}`}, h('span', {class: 'diff-number', 'aria-hidden': 'true'}, line.before ?? ''), h('span', {class: 'diff-number', 'aria-hidden': 'true'}, line.after ?? ''),
            h('span', {class: 'diff-mark', 'aria-hidden': 'true'}, marks[line.kind]), h('span', {class: 'diff-text'},
                said[line.kind] ? h('span', {class: 'visually-hidden'}, said[line.kind]) : null, shownLines(line.text)))));
}
