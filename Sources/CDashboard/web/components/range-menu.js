// The range of time that the overview and the lists are about; it stands in the address.

import {define, h, Part, replace} from '../core/dom.js';
import {formatAll, parse} from '../core/query.js';
import {go, href, onPlace, place, setParams} from '../core/router.js';
import {menu} from './menu.js';

const OF_TASKS = [[null, 'Any time'], ['15m', 'Last 15 minutes'], ['1h', 'Last hour'], ['24h', 'Last 24 hours'], ['7d', 'Last 7 days']];
const OF_OVERVIEW = [[null, 'Last hour'], ['24h', 'Last 24 hours'], ['7d', 'Last 7 days']];

class RangeMenu extends Part {
    mount() {
        this.atEnd(onPlace(() => this.draw()));
        this.draw();
    }

    draw() {
        const {path, params} = place();
        this.hidden = path !== '/' && path !== '/tasks';
        const isTasks = path === '/tasks';
        const chips = parse(params.get('q') ?? '');
        const current = isTasks ? chips.find((chip) => chip.field === 'age' && chip.op.startsWith('<'))?.value ?? null : params.get('range');
        const choices = isTasks ? OF_TASKS : OF_OVERVIEW;
        const label = !isTasks && params.has('from') ? 'Selected range' : choices.find(([value]) => value === current)?.[1] ?? `Younger than ${current}`;
        const signature = `${path} ${label}`;
        if (signature === this.signature) return;
        this.signature = signature;
        replace(this, menu(label, () => choices.map(([value, name]) => ({
            label: name, isChecked: value === current, run: () => isTasks ? this.#filter(value) : setParams({range: value, from: null, to: null}),
        })), {kind: 'button is-quiet', name: `Range of time: ${label}`, iconName: 'filter'}));
    }

    #filter(value) {
        const {params} = place();
        const chips = parse(params.get('q') ?? '').filter((chip) => chip.field !== 'age');
        if (value) chips.push({field: 'age', op: '<', value, negated: false});
        go(href('/tasks', {...Object.fromEntries(params), q: formatAll(chips)}), {replace: true});
    }
}
define('k-range-menu', RangeMenu);
