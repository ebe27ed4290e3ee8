package dev.sluice.limits;

import java.time.Duration;
import java.util.Optional;
import reactor.core.publisher.Mono;

/** What an admission took. */
@FunctionalInterface
public interface Permit {

    /**
     * Frees the leases and corrects the reservations to what was used; a second call, concurrent or not, does nothing.
     *
     * @return completes when done, after at most the limiter's decision deadline; never fails: a lease that could not
     *     be freed ends by itself, and the limiter's observer is called
     */
    Mono<Void> settle(Usage usage);

    /**
     * How often to {@link #renew} from the admission on while the request runs: a third of the shortest lease of its
     * concurrency limits, so that one renewal may fail. Empty if it holds no lease.
     */
    default Optional<Duration> renewalPeriod() {
        return Optional.empty();
    }

    /**
     * Lets the leases begin again, and the reservations be corrected for as long as after the admission. A lease that
     * has ended is not taken again. Does nothing once settled.
     *
     * @return completes when done, after at most the limiter's command timeout; never fails: what could not be renewed
     *     is not kept for later, the next renewal makes up for it if the lease has not ended
     */
    default Mono<Void> renew() {
        return Mono.empty();
    }
}
