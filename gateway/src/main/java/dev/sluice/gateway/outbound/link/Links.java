package dev.sluice.gateway.outbound.link;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.contract.DurationWords;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Contents stored behind links. If the store is full, a new link is refused rather than another caller's evicted:
 * otherwise anyone could end other people's downloads by creating many links. No caller fills it for all: one subject,
 * and all from one address, have a share of it.
 */
public interface Links<T> {

    /** Bytes of a link beside its content: its token, its owner, its index entries. */
    int OVERHEAD = 256;

    /**
     * Stores {@code content} behind a new link that cannot be guessed.
     *
     * @return the link, or an {@code overloaded} error when there is no room, a {@code quota_exceeded} one when the
     *     owner's share is used up
     */
    Mono<Link<T>> create(T content, Owner owner);

    /**
     * The link of a token, or empty when there is none or it has expired. In one process it is the same object for as
     * long as anybody uses it.
     */
    Mono<Link<T>> find(String token);

    /**
     * The caller that a link is counted for.
     *
     * @param subject who asked for it
     * @param address from where
     */
    record Owner(String subject, String address) {

        /** The caller of a request. */
        public static Owner of(Caller caller) {
            return new Owner(caller.subject(), caller.address());
        }
    }

    /**
     * How much is stored, and for how long.
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
            return new GatewayException(ProblemCode.OVERLOADED, "There is no room for another link at present.")
                    .retryAfter(ttl);
        }

        GatewayException shareExhausted() {
            return new GatewayException(
                            ProblemCode.QUOTA_EXCEEDED,
                            "Your links use all the room that one caller may have; each expires after "
                                    + DurationWords.of(ttl) + ".")
                    .retryAfter(ttl);
        }
    }

    /** How a content is stored: in few bytes, since all callers share the room. */
    interface Format<T> {

        /** As bytes, for {@link #read}. */
        byte[] write(T content);

        /** What was written; null if it cannot be read, for example because another release wrote it. */
        @Nullable T read(byte[] bytes);

        /** About the bytes that it takes on the heap while it is in use. */
        int weight(T content);
    }
}
