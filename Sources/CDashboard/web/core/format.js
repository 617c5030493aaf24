// Numbers, spans and money as people read them. Pure.

const whole = new Intl.NumberFormat('en-US', {maximumFractionDigits: 0});
const short = new Intl.NumberFormat('en-US', {notation: 'compact', maximumFractionDigits: 1});

/** `1,204`. */
export function count(value) {
    return value === null || value === undefined ? '–' : whole.format(value);
}

/** `12.4K`: where space is short. */
export function compact(value) {
    return value === null || value === undefined ? '–' : value < 10_000 ? whole.format(value) : short.format(value);
}

/** `1 task`, `3 tasks`. */
export function counted(value, word, words = word + 's') {
    return `${count(value)} ${value === 1 ? word : words}`;
}

/** `4.2 %` of a share from 0 to 1. */
export function percent(share) {
    if (share === null || share === undefined) return '–';
    const value = share * 100;
    if (value > 0 && value < 0.1) return '< 0.1 %';
    return `${value < 10 && value !== Math.round(value) ? value.toFixed(1) : Math.round(value)} %`;
}

/** A span in milliseconds, never negative: `250 ms`, `3.1 s`, `4 min`, `3 h`, `2 d`; the same words as the API's. */
export function span(milliseconds) {
    if (milliseconds === null || milliseconds === undefined) return '–';
    const value = Math.max(0, Math.floor(milliseconds));
    if (value < 1000) return `${value} ms`;
    if (value < 120_000) {
        const tenths = Math.floor(value / 100) % 10;
        return tenths === 0 ? `${Math.floor(value / 1000)} s` : `${Math.floor(value / 1000)}.${tenths} s`;
    }
    if (value < 7_200_000) return `${Math.floor(value / 60_000)} min`;
    if (value < 172_800_000) return `${Math.floor(value / 3_600_000)} h`;
    return `${Math.floor(value / 86_400_000)} d`;
}

/** A span that ticks: `0:03`, `12:04`, `3:12:04`, `2 d 3 h`. */
export function ticking(milliseconds) {
    const seconds = Math.max(0, Math.floor(milliseconds / 1000));
    const [days, hours, minutes, rest] =
        [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
    const two = (value) => String(value).padStart(2, '0');
    if (days > 0) return `${days} d ${hours} h`;
    return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** What is left of a wait: whole seconds, rounded up, so that it ends at 0. */
export function countdown(milliseconds) {
    const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
    return seconds < 100 ? `${seconds} s` : ticking(seconds * 1000);
}

const SIGNS = {USD: '$', EUR: '€', GBP: '£', JPY: '¥', CNY: '¥', INR: '₹', KRW: '₩'};

/** `$12,430.00`, exact however long: the amount is a text and stays one. */
export function money(sum) {
    if (!sum) return '–';
    const [integer, fraction] = String(sum.amount).split('.');
    const grouped = integer.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
    const sign = SIGNS[sum.currency];
    const amount = (sign ?? '') + grouped + (fraction ? '.' + fraction : '');
    return sign ? amount : `${amount} ${sum.currency}`;
}

/** Compares two amounts, texts of digits with up to one point, exactly. */
export function compareAmounts(left, right) {
    const [a, b] = [left, right].map((text) => String(text).split('.'));
    const digits = (part) => (part ?? '').replace(/^0+(?=\d)/, '');
    const [x, y] = [digits(a[0]), digits(b[0])];
    if (x.length !== y.length) return x.length - y.length;
    if (x !== y) return x < y ? -1 : 1;
    const length = Math.max((a[1] ?? '').length, (b[1] ?? '').length);
    const [m, n] = [(a[1] ?? '').padEnd(length, '0'), (b[1] ?? '').padEnd(length, '0')];
    return m === n ? 0 : m < n ? -1 : 1;
}

/** Adds amounts of one currency exactly. */
export function addAmounts(left, right) {
    const places = Math.max(...[left, right].map((text) => (String(text).split('.')[1] ?? '').length));
    const scaled = (text) => {
        const [integer, fraction = ''] = String(text).split('.');
        return BigInt(integer + fraction.padEnd(places, '0'));
    };
    const sum = String(scaled(left) + scaled(right)).padStart(places + 1, '0');
    return places === 0 ? sum : `${sum.slice(0, -places)}.${sum.slice(-places)}`;
}

/** `1.4 kB`. */
export function bytes(value) {
    if (value < 1000) return `${value} B`;
    return value < 1_000_000 ? `${(value / 1000).toFixed(1)} kB` : `${(value / 1_000_000).toFixed(1)} MB`;
}

/** The first 8 and the last 4 characters of an identifier: enough to tell tasks apart, the whole stands in the title. */
export function shortID(id) {
    return id && id.length > 14 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id ?? '';
}

/** `server_error` → `server error`. */
export function words(name) {
    return String(name ?? '').replaceAll('_', ' ');
}

/** `user:ada` → `ada`; the system is called so. */
export function actorName(actor) { return actor ? actor.replace(/^(user|agent):/, '') : 'the system'; }
