package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.contract.ByteWords;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.springframework.util.unit.DataSize;

/**
 * Memory for bodies on their way in. Nobody has been admitted or counted by then, so it is all that bounds how many
 * bodies are begun and never ended: bytes of all of them, and of one caller's no more than a share, so that nobody
 * keeps others' from being read. A byte counts from when it has come until its body is whole or given up; one that was
 * only announced costs nothing. Nobody waits. Thread-safe.
 */
final class BodyBudget {
    /** Of the whole, a caller's. */
    private static final int SHARES = 4;

    private static final long LARGEST_BODY = DataSize.ofMegabytes(1).toBytes();

    private static final Duration SOON = Duration.ofSeconds(1);

    private final long most;
    private final long mostOfOne;
    // Guarded by this.
    private final Map<String, Long> byCaller = new HashMap<>();
    private long reserved;

    /** Memory of that size, of which a share has room for a body of the largest kind at least. */
    BodyBudget(DataSize size) {
        this.most = Math.max(size.toBytes(), LARGEST_BODY);
        this.mostOfOne = Math.max(most / SHARES, LARGEST_BODY);
    }

    /** A body of that caller, which takes nothing yet. To be closed, however it ends. */
    Place enter(String caller) {
        return new Place(caller);
    }

    /** Bytes of all bodies on their way. */
    synchronized long reserved() {
        return reserved;
    }

    private synchronized void take(String caller, long bytes) {
        long ofCaller = byCaller.getOrDefault(caller, 0L);
        if (ofCaller + bytes > mostOfOne) {
            throw new GatewayException(
                            ProblemCode.RATE_LIMITED,
                            "body: together with your other unfinished request bodies over " + ByteWords.of(mostOfOne)
                                    + " (expected: fewer at once)")
                    .retryAfter(SOON);
        }
        if (reserved + bytes > most) {
            throw new GatewayException(ProblemCode.OVERLOADED, "No room for another body at present.").retryAfter(SOON);
        }
        byCaller.put(caller, ofCaller + bytes);
        reserved += bytes;
    }

    private synchronized void release(String caller, long bytes) {
        reserved -= bytes;
        byCaller.computeIfPresent(caller, (same, all) -> all == bytes ? null : all - bytes);
    }

    /** One body's. Its bytes come one after the other; it is closed by any thread. */
    final class Place {
        private final String caller;
        // Guarded by this.
        private long bytes;
        private boolean closed;

        private Place(String caller) {
            this.caller = caller;
        }

        /**
         * Takes so many more.
         *
         * @throws GatewayException {@code rate_limited} or {@code overloaded}
         */
        synchronized void take(long more) {
            if (!closed && more > 0) {
                BodyBudget.this.take(caller, more);
                bytes += more;
            }
        }

        /** Gives all of them back. */
        synchronized void close() {
            if (!closed) {
                closed = true;
                if (bytes > 0) {
                    release(caller, bytes);
                }
            }
        }
    }
}
