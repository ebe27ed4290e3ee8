package dev.sluice.gateway.feature.training;

import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * Whose a training is that is paid for: nobody's until its id is known, then the request's, and its caller's when the
 * answer that names it goes out. One whose request ends before that is abandoned, once, whichever comes first. Any
 * thread may tell; each is told once.
 *
 * <pre>
 * open ──queued──► held ──answered──► done
 *   └─────ended──────┴─ended─► abandoned ◄──queued── ended
 * </pre>
 */
final class TrainingOwnership {
    private static final String OPEN = "open";
    private static final String DONE = "done";

    private final AtomicReference<Object> state = new AtomicReference<>(OPEN);
    private final Consumer<Id> abandoned;

    /** @param abandoned gets the provider's id of a training that nobody knows of */
    TrainingOwnership(Consumer<Id> abandoned) {
        this.abandoned = abandoned;
    }

    /** The provider's id of a training. */
    record Id(String value) {}

    /** The provider has accepted it. */
    void queued(String providerId) {
        Id id = new Id(providerId);
        if (!state.compareAndSet(OPEN, id)) {
            abandoned.accept(id);
        }
    }

    /** The answer that names it goes out: from now on it is its caller's. */
    void answered() {
        state.set(DONE);
    }

    /** The request is over, whichever way. */
    void ended() {
        if (state.getAndSet(DONE) instanceof Id id) {
            abandoned.accept(id);
        }
    }
}
