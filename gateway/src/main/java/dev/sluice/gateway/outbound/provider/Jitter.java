package dev.sluice.gateway.outbound.provider;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.DoubleSupplier;

/**
 * Spreads what many would do at the same time.
 *
 * @param chance from 0 to 1
 */
record Jitter(DoubleSupplier chance) {
    private static final double SPREAD = 0.2;

    static Jitter ofChance() {
        return new Jitter(() -> ThreadLocalRandom.current().nextDouble());
    }

    /** At most a fifth more or less. */
    Duration around(Duration pause) {
        return Duration.ofNanos((long) (pause.toNanos() * (1 - SPREAD + 2 * SPREAD * chance.getAsDouble())));
    }
}
