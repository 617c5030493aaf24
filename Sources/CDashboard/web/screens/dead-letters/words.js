// Dead letters in words: why they are here, what became of them.

export const REASONS = {
    permanent_error: ['permanent error', 'Another attempt with the same input would fail in the same way.'],
    retries_exhausted: ['retries exhausted', 'Every attempt that its policy allows has failed.'],
    circuit_open: ['breaker open', 'The provider’s breaker was open, and the task did not wait for it any longer.'],
    fallback_exhausted: ['fallback exhausted', 'Every step of its fallback chain has failed.'],
    deadline_exceeded: ['deadline exceeded', 'Its deadline passed before it ended.'],
    poison: ['poison', 'It took down what ran it, again and again.'],
    decided: ['decided', 'A person decided that it fails.'],
    discarded_by_chain: ['discarded by chain', 'A step of its fallback chain discarded it.'],
    cancelled: ['cancelled', 'It had been cancelled, and was retried from there.'],
};

export const STATUSES = {
    pending: {icon: 'dead_letters', word: 'pending', tone: 'copper'}, retried: {icon: 'retry', word: 'retried', tone: 'accent'},
    resolved: {icon: 'check', word: 'resolved', tone: 'glaze'}, discarded: {icon: 'cancel', word: 'discarded', tone: 'still'},
};
