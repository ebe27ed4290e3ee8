package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import java.time.Duration;

/** When decoding one picture ends at the latest. It is asked row by row. */
final class Deadline {
    private final long start = System.nanoTime();
    private final Duration limit;

    /** Runs from now. */
    Deadline(Duration limit) {
        this.limit = limit;
    }

    /** @throws DecoderException if it has passed */
    void check() {
        if (System.nanoTime() - start > limit.toNanos()) {
            throw new DecoderException(
                    DecoderException.Kind.LIMIT,
                    "Decoding the image takes longer than " + limit.toSeconds() + " s",
                    null);
        }
    }
}
