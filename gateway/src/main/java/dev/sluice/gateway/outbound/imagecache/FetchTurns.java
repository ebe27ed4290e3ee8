package dev.sluice.gateway.outbound.imagecache;

import dev.sluice.gateway.outbound.share.CallerShares;
import dev.sluice.zipstream.BufferBudget.Reservation;
import java.time.Duration;
import java.util.function.Function;
import reactor.core.publisher.Mono;

/**
 * How many images of one caller's archives ask their origins for the store at a time and have no memory yet. A caller's
 * share of the memory may have room for no more than one of the largest: what has to wait for it holds a connection to
 * its origin meanwhile, and what has to wait too long has asked in vain.
 *
 * @param shares of which an image takes one
 * @param soon how long an image waits for its turn that can be had without the store
 * @param inTurn how long one that cannot
 */
record FetchTurns(CallerShares shares, Duration soon, Duration inTurn) {
    /** An archive fetches as many at a time where it is not told otherwise. */
    static final int AT_ONCE = 3;

    /**
     * What {@code ask} gives, when it is the image's turn. Its turn is over when {@code ask} releases it, or ends.
     *
     * <p>Fails with {@link dev.sluice.zipstream.BudgetExhaustedException} when the turn does not come in time.
     */
    <T> Mono<T> whenSoon(Function<Reservation, Mono<T>> ask) {
        return within(soon, ask);
    }

    /** As {@link #whenSoon}, for an image that waits longer. */
    <T> Mono<T> inTurn(Function<Reservation, Mono<T>> ask) {
        return within(inTurn, ask);
    }

    private <T> Mono<T> within(Duration timeout, Function<Reservation, Mono<T>> ask) {
        return Mono.usingWhen(shares.reserve(1, timeout), ask, turn -> Mono.fromRunnable(turn::release))
                .doOnDiscard(Reservation.class, Reservation::release);
    }
}
