package dev.sluice.limits;

import reactor.core.publisher.Mono;

/** What an admission took. */
public interface Permit {

    /**
     * Frees the slots and corrects the reservations to what was used; a second call, concurrent or not, does nothing.
     *
     * @return completes when done, after at most the limiter's decision deadline; never fails: a slot that could not be
     *     freed ends with its lease, and the limiter's observer is told
     */
    Mono<Void> settle(Usage usage);
}
