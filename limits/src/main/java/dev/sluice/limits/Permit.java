package dev.sluice.limits;

import java.time.Duration;
import java.util.Optional;
import reactor.core.publisher.Mono;

/** What an admission took. */
@FunctionalInterface
public interface Permit {

    /**
     * Frees the slots and corrects the reservations to what was used; a second call, concurrent or not, does nothing.
     *
     * @return completes when done, after at most the limiter's decision deadline; never fails: a slot that could not be
     *     freed ends with its lease, and the limiter's observer is told
     */
    Mono<Void> settle(Usage usage);

    /**
     * How often to {@link #renew} from the admission on while the request runs: a third of the shortest lease of its
     * slots, so that one renewal may go unheard. Empty if it holds no slot: there is nothing to renew then.
     */
    default Optional<Duration> renewalPeriod() {
        return Optional.empty();
    }

    /**
     * Lets the leases of the slots begin again, and the reservations be corrected for as long as after the admission. A
     * slot whose lease has ended is lost, and is not taken again. Does nothing once settled.
     *
     * @return completes when done, after at most the limiter's command timeout; never fails: what could not be renewed
     *     is not kept for later, the next renewal makes up for it if the lease has not ended
     */
    default Mono<Void> renew() {
        return Mono.empty();
    }
}
