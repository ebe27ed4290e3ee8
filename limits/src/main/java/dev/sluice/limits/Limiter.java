package dev.sluice.limits;

import java.util.List;
import reactor.core.publisher.Mono;

/** Decides over all limits of a policy at once. */
public interface Limiter {

    /** As {@link #admit(Policy, Subject, String, Reservation)}, with what the limits reserve by themselves. */
    default Mono<Decision> admit(Policy policy, Subject subject, String requestId) {
        return admit(policy, subject, requestId, Reservation.ofTheLimits());
    }

    /**
     * Asks for admission. All limits of the policy are charged or none is.
     *
     * @param requestId unique for each admission asked for and never chosen by a client: a command that is sent twice
     *     under one id counts once; 1 to 64 letters, digits, hyphens
     * @param reservation what this request may use at most
     * @return one decision within the limiter's deadline (150 ms), whatever the shared store does, and within six of it
     *     where this process is what is slow; no error. A cancelled admission, and one whose decision comes too late,
     *     is released by itself
     */
    Mono<Decision> admit(Policy policy, Subject subject, String requestId, Reservation reservation);

    /** Where the subject stands with the limits named, charging nothing; errors when the store cannot be asked. */
    Mono<List<LimitStatus>> inspect(List<Limit> limits, Subject subject);

    /**
     * Forgets what the subject took of the limits named; limits of {@link Scope#GLOBAL} are left alone. Errors when the
     * store cannot be asked.
     */
    Mono<Void> reset(List<Limit> limits, Subject subject);

    /**
     * Does beforehand what the first decision would wait for. Never fails; does not end while the store is not there.
     */
    default Mono<Void> prepare() {
        return Mono.empty();
    }

    /**
     * Asks the shared store whether it takes changes, on the connections on which decisions are asked for.
     *
     * @return for each part of it that does not, one text for a person, with what it refused; none if all do, or if
     *     nothing is shared. Takes no longer than a command may; no error
     */
    default Mono<List<String>> faults() {
        return Mono.just(List.of());
    }
}
