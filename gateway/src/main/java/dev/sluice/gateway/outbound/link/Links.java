package dev.sluice.gateway.outbound.link;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.contract.DurationWords;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.redis.SharedRedis;
import java.time.Clock;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Where contents wait behind links. Full means full: a new link is refused rather than another caller's evicted, or
 * anyone could end other people's downloads by asking for many of their own. And nobody fills it for all: what one
 * subject, and what all from one address keep, is a share of it.
 */
public interface Links<T> {

    /** What a link takes beside its content: its token, its holder, its places in the books. */
    int OVERHEAD = 256;

    /**
     * Keeps {@code content} behind a new link that cannot be guessed.
     *
     * @return the link, or an {@code overloaded} error when there is no room, a {@code quota_exceeded} one when the
     *     holder's share is used up
     */
    Mono<Link<T>> keep(T content, Holder holder);

    /**
     * The link of a token, or empty when there is none or it has expired. In one process it is the same object for as
     * long as anybody uses it.
     */
    Mono<Link<T>> find(String token);

    /**
     * On whose account a link is kept.
     *
     * @param subject who asked for it
     * @param address from where
     */
    record Holder(String subject, String address) {

        /** The caller of a request. */
        public static Holder of(Caller caller) {
            return new Holder(caller.subject(), caller.address());
        }
    }

    /**
     * How much is kept, and for how long.
     *
     * @param ttl how long a link can be used
     * @param capacity bytes of all links together
     * @param perSubject of them, those of one subject
     * @param perAddress of them, those from one address
     */
    record Bounds(Duration ttl, long capacity, long perSubject, long perAddress) {
        private static final int SUBJECTS = 32;
        private static final int ADDRESSES = 16;

        /**
         * A thirty-second for a subject and a sixteenth for an address, which several subjects may share; more where
         * that would not hold one link.
         *
         * @param largest bytes of one content
         */
        public static Bounds shared(Duration ttl, long capacity, long largest) {
            long one = Math.min(capacity, largest + OVERHEAD);
            return new Bounds(ttl, capacity, Math.max(capacity / SUBJECTS, one), Math.max(capacity / ADDRESSES, one));
        }

        GatewayException full() {
            return new GatewayException(ProblemCode.OVERLOADED, "No room for another link at present.").retryAfter(ttl);
        }

        GatewayException shareUsedUp() {
            return new GatewayException(
                            ProblemCode.QUOTA_EXCEEDED,
                            "Your links take all the room that one caller has; each ends after " + DurationWords.of(ttl)
                                    + ".")
                    .retryAfter(ttl);
        }
    }

    /**
     * Links of a kind that no other has.
     *
     * @param kind begins the keys in Redis
     * @param redis shared by all gateways; null for links of this process alone
     */
    static <T> Links<T> of(String kind, LinkFormat<T> format, Bounds bounds, @Nullable SharedRedis redis, Clock clock) {
        return redis == null
                ? new MemoryLinks<>(format, bounds, clock)
                : new RedisLinks<>(redis, kind, format, bounds, clock);
    }
}
