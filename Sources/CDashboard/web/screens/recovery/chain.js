// One fallback chain: when it runs, its steps, what has come of it, and what it would have done to past failures.

import {api} from '../../core/api.js';
import {bodyOf, draftOf, emptyChain, formOf, statsWords} from '../../core/chain.js';
import {define, h, Part, replace, setText} from '../../core/dom.js';
import {icon} from '../../core/icons.js';
import {FIELDS} from '../../core/query.js';
import {go, place} from '../../core/router.js';
import {session} from '../../core/session.js';
import {resources} from '../../core/store.js';
import {STRATEGIES} from '../../core/strategies.js';
import {actorName} from '../../core/format.js';
import {timeOf} from '../../core/time.js';
import {confirm} from '../../components/dialog.js';
import {failure, loading} from '../../components/empty.js';
import {errorPicker} from '../../components/error-picker.js';
import {choice, slots, text, tick} from '../../components/faults.js';
import {mark} from '../../components/state.js';
import {toast, toastError} from '../../components/toast.js';
import {simulation} from './simulation.js';
import {stepEditor} from './steps.js';

const BINDINGS = [['match', 'Failures that match'], ['named', 'Tasks that name it'], ['task', 'One task']];

/** `<k-chain chain-id="…">`; without an id a new one, begun from the address: `?error=…&agent=…&type=…&steps=a,b`. */
class Chain extends Part {
    mount() {
        replace(this, loading(8));
        this.atEnd(resources.agents.subscribe(() => {}));
        this.load();
    }

    async load() {
        const id = this.getAttribute('chain-id');
        try {
            // The names of the agents are choices of the form.
            if (!resources.agents.value) await resources.agents.refresh();
            if (!id) return this.show(null, begun());
            const raw = await api.raw(`/recovery/fallback-chain/${id}`, {}, {signal: this.signal});
            this.show(JSON.parse(raw), formOf(raw));
        } catch (error) {
            if (error.name !== 'AbortError') replace(this, failure(error, () => this.load(), 'h1'), h('p', {class: 'list-end'}, h('a', {class: 'button', href: '/recovery'}, 'To the chains')));
        }
    }

    show(chain, form) {
        Object.assign(this, {chain, form, isDirty: chain === null});
        this.faults = slots();
        this.steps = stepEditor(() => this.changed());
        this.steps.set(form.steps);
        this.general = h('div', {role: 'alert'});
        this.heading = h('h1', {}, chain ? form.name : 'A new chain');
        this.looks = h('span', {class: 'chain-looks'});
        this.simulation = simulation((since) => this.simulate(since));
        const save = h('button', {class: 'button is-primary', type: 'submit'}, chain ? 'Save' : 'Create the chain');
        this.state = h('span', {class: 'muted', role: 'status'});
        const remove = chain && session.mayAct ? h('button', {class: 'button is-danger push-always', type: 'button', on: {click: () => this.remove_()}}, icon('cancel'), 'Delete…') : null;
        replace(this, h('nav', {class: 'crumbs', 'aria-label': 'Where this is'}, h('a', {href: '/recovery'}, 'Recovery'), icon('chevron'), h('span', {}, 'Fallback chain')),
            h('div', {class: 'screen-head'}, this.heading, this.looks),
            h('div', {class: 'chain-page'},
                h('form', {class: 'chain-form', novalidate: true, on: {submit: (event) => { event.preventDefault(); this.save(save); }}},
                    h('section', {class: 'card', 'aria-labelledby': 'chain-when'}, h('div', {class: 'card-head'}, h('h2', {id: 'chain-when'}, 'When it runs')), h('div', {class: 'card-body form'}, this.#when())),
                    h('section', {class: 'card', 'aria-labelledby': 'chain-steps'}, h('div', {class: 'card-head'}, h('h2', {id: 'chain-steps'}, 'Steps'), h('span', {class: 'muted'}, 'one after the other, until one succeeds')), h('div', {class: 'card-body'}, this.steps.element)),
                    this.general, session.mayAct ? h('div', {class: 'chain-foot'}, save, h('a', {class: 'button', href: '/recovery'}, 'Leave it'), this.state, remove) : null),
                h('div', {class: 'chain-side'}, this.simulation.element, this.#facts())));
        this.#showLooks();
    }

    #when() {
        const {form, faults} = this;
        const bind = (name) => ({on: {input: (event) => { form.match[name] = event.target.value; this.changed(); }}});
        const name = text(form.name, {required: true, maxlength: 200, placeholder: 'payments to backup', on: {input: () => { form.name = name.value; this.changed(); }}});
        const enabled = tick(form.enabled, 'Switched on', {on: {change: () => { form.enabled = enabled.input.checked; this.changed(); }}});
        const binding = choice(form.binding, BINDINGS, {on: {change: () => { form.binding = binding.value; draw(); this.changed(); }}});
        const type = text(form.match.task_type, {placeholder: 'any', ...bind('task_type')});
        const ids = (resources.agents.value?.data ?? []).map((agent) => agent.id);
        if (form.match.agent_id && !ids.includes(form.match.agent_id)) ids.push(form.match.agent_id);
        const agent = choice(form.match.agent_id, [['', 'any'], ...ids.map((id) => [id, id])], bind('agent_id'));
        const amount = text(form.match.min_amount, {inputmode: 'decimal', placeholder: 'any', ...bind('min_amount')});
        const user = text(form.match.user_id, {placeholder: 'any', ...bind('user_id')});
        const errors = errorPicker('Errors:', form.match.error_types, (chosen) => { form.match.error_types = chosen; this.changed(); });
        faults.add('match/error_types', errors.element.firstElementChild, errors.element);
        const task = text(form.taskID, {class: 'input mono', placeholder: 'the task’s id', on: {input: () => { form.taskID = task.value; this.changed(); }}});
        const match = h('div', {class: 'form'}, h('div', {class: 'form-row is-tight'}, faults.slot('match/task_type', 'Task type', type), faults.slot('match/agent_id', 'Agent', agent), faults.slot('match/min_amount', 'Amount at least', amount),
            session.isAdmin ? faults.slot('match/user_id', 'User', user) : null), errors.element);
        const taskField = faults.slot('task_id', 'Task', task);
        const hint = h('p', {class: 'muted'});
        const draw = () => {
            match.hidden = form.binding !== 'match';
            taskField.hidden = form.binding !== 'task';
            setText(hint, {match: 'Of several chains that match, the most specific one runs, then the newest.', named: 'Tasks that have its id as fallback_chain_id, and no others.', task: 'That task alone, whatever other chains match.'}[form.binding]);
        };
        draw();
        return [h('div', {class: 'form-row'}, faults.slot('name', 'Name', name), faults.slot('match', 'Runs for', binding)), match, taskField, hint, enabled.element];
    }

    #facts() {
        const {chain} = this;
        if (!chain) return null;
        const fact = (label, ...value) => [h('dt', {}, label), h('dd', {}, value)];
        return h('section', {class: 'card', 'aria-labelledby': 'chain-so-far'}, h('div', {class: 'card-head'}, h('h2', {id: 'chain-so-far'}, 'So far')),
            h('dl', {class: 'card-body facts'}, fact('Result', statsWords(chain.stats)), fact('Version', `${chain.version}; a task runs the version that it began with`), fact('Changed', timeOf(chain.updated_at)), fact('Made', timeOf(chain.created_at), ` by ${actorName(chain.created_by)}`),
                fact('Id', h('span', {class: 'id'}, chain.id))));
    }

    #showLooks() {
        if (!this.chain) return;
        replace(this.looks, mark(this.chain.enabled ? {icon: 'play', word: 'switched on', tone: 'glaze'} : {icon: 'pause', word: 'switched off', tone: 'still'}, {badge: true}));
    }

    changed() {
        this.isDirty = true;
        if (this.chain) setText(this.state, 'Not saved yet');
    }

    /** What the chain would have done, as it stands in the form; null where the form is wrong, which is shown there. */
    async simulate(since) {
        if (this.chain && !this.isDirty) return await api.post(`/recovery/fallback-chain/${this.chain.id}/simulate`, {since});
        const body = this.body((form) => draftOf(form, since));
        if (!body) return null;
        try {
            return await api.post('/recovery/simulate', body);
        } catch (error) {
            if (this.show_(error.problem?.errors ?? [])) return null;
            throw error;
        }
    }

    /** The chain as it is sent; null with the faults shown where the form itself finds some. */
    body(make = bodyOf) {
        this.form.steps = this.steps.steps();
        const {text: body, faults} = make(this.form);
        return this.show_(faults) ? null : body;
    }

    async save(button) {
        const body = this.body();
        if (!body) return;
        button.disabled = true;
        try {
            const saved = this.chain ? await api.put(`/recovery/fallback-chain/${this.chain.id}`, body) : await api.post('/recovery/fallback-chain', body);
            toast(this.chain ? `Saved as version ${saved.version}. Tasks that run an older one finish it.` : `“${saved.name}” is made${saved.enabled ? ' and switched on' : ''}.`);
            if (!this.chain) return go(`/recovery/${saved.id}`, {replace: true});
            Object.assign(this, {chain: saved, isDirty: false});
            setText(this.heading, saved.name);
            setText(this.state, 'Saved');
            this.#showLooks();
        } catch (error) {
            if (!this.show_(error.problem?.errors ?? [])) this.#tell(error.message);
        } finally {
            button.disabled = false;
        }
    }

    /** Each fault at its field; true if there are any. */
    show_(faults) {
        replace(this.general);
        const rest = this.faults.show(this.steps.show(faults));
        if (rest.length) this.#tell(rest.map((one) => `${(one.pointer ?? '').replace(/^\//, '')} ${one.detail}`).join('; '));
        return faults.length > 0;
    }

    #tell(text_) { replace(this.general, h('p', {class: 'note tone-crack'}, icon('warning'), h('span', {}, text_))); }

    async remove_() {
        if (!await confirm({title: `Delete “${this.chain.name}”?`, text: 'Tasks that run it go on to its end. New failures no longer find it.', act: 'Delete the chain'})) return;
        try {
            await api.remove(`/recovery/fallback-chain/${this.chain.id}`);
            toast(`“${this.chain.name}” is deleted.`);
            go('/recovery', {replace: true});
        } catch (error) { toastError(error, 'It was not deleted.'); }
    }
}
define('k-chain', Chain);

function begun() {
    const {params} = place();
    const list = (name, known) => (params.get(name) ?? '').split(',').filter((one) => known.includes(one));
    return emptyChain({type: params.get('type') ?? '', agent: params.get('agent') ?? '', errors: list('error', FIELDS.error.values), steps: list('steps', Object.keys(STRATEGIES))});
}
