// A drawing in true pixels: drawn anew when its width changes, so that words in it never shrink with the page.

import {define, Part, nextFrame, replace} from '../core/dom.js';

class KFitted extends Part {
    #width = 0;

    mount() {
        const watch = new ResizeObserver(([entry]) => {
            const width = Math.floor(entry.contentRect.width);
            if (width > 0 && width !== this.#width) { this.#width = width; nextFrame(this, () => this.draw()); }
        });
        watch.observe(this);
        this.atEnd(() => watch.disconnect());
    }

    /** `make(width)` gives the drawing. */
    set(make) { this.make = make; if (this.#width > 0) nextFrame(this, () => this.draw()); }

    draw() { if (this.make && this.#width > 0) replace(this, this.make(this.#width)); }
}
define('k-fitted', KFitted);
