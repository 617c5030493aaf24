// Opening or closing a breaker by hand: a reason is asked for, since somebody else will find it so.

import {api} from '../../core/api.js';
import {h} from '../../core/dom.js';
import {resources} from '../../core/store.js';
import {field, sheet} from '../../components/dialog.js';
import {toast} from '../../components/toast.js';

const SPANS = [['', 'Until someone changes it'], ['300000', '5 minutes'], ['900000', '15 minutes'], ['3600000', '1 hour'], ['14400000', '4 hours'], ['86400000', '1 day']];

/** `act`: `open` or `close`. */
export async function force(breaker, act) {
    const reason = h('input', {class: 'input', required: true, maxlength: 2000, placeholder: act === 'open' ? 'Such as: the provider asked us to stop' : 'Such as: the provider says that it is back'});
    const isOpening = act === 'open';
    const span = h('select', {class: 'input'}, (isOpening ? SPANS : [['', 'Just close it: failures may open it again'], ...SPANS.slice(1).map(([value, label]) => [value, `Hold it closed for ${label}`])])
        .map(([value, label]) => h('option', {value}, label)));
    const after = await sheet({
        title: isOpening ? `Open the breaker of ${breaker.provider}?` : `Close the breaker of ${breaker.provider}?`,
        body: h('div', {class: 'form'}, h('p', {}, isOpening
            ? 'No call goes to the provider while it is open. Tasks wait and spend no attempt; none is lost.'
            : 'Calls go through at once, and the tasks that are held go again.'), field('Reason', reason, 'It stands in the audit log and on this card.'), field('For how long', span)),
        acts: [{label: isOpening ? 'Open it' : 'Close it', tone: isOpening ? 'danger' : 'primary', isDefault: true,
            run: () => reason.reportValidity() && api.post(`/circuit-breakers/${encodeURIComponent(breaker.provider)}/${act}`, {reason: reason.value, ...(span.value ? {for_ms: Number(span.value)} : {})})}],
    });
    if (!after) return;
    resources.breakers.refresh();
    toast(`The breaker of ${breaker.provider} is ${isOpening ? 'open' : 'closed'}.`);
}
