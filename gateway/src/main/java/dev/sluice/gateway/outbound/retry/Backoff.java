package dev.sluice.gateway.outbound.retry;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.DoubleSupplier;

/**
 * The pauses before retries.
 *
 * @param first before the first retry; doubles with each further one
 * @param longest where doubling ends
 * @param jitter of each pause
 */
public record Backoff(Duration first, Duration longest, Jitter jitter) {
    private static final long MOST_DOUBLINGS = 20;

    /** Doubles as often as there are retries. */
    public Backoff(Duration first, Jitter jitter) {
        this(first, ChronoUnit.FOREVER.getDuration(), jitter);
    }

    /**
     * The pause before the next retry.
     *
     * @param retried how often the call was retried before
     * @param asked how long the other side asks to be left alone; waited for in full when that is longer
     */
    public Duration pause(long retried, Duration asked) {
        Duration doubled = first.multipliedBy(1L << Math.min(retried, MOST_DOUBLINGS));
        Duration pause = jitter.of(doubled.compareTo(longest) < 0 ? doubled : longest);
        return asked.compareTo(pause) > 0 ? asked : pause;
    }

    /**
     * Spreads what many would do at the same time.
     *
     * @param least factor of a pause
     * @param most factor of a pause
     * @param chance from 0, which stands for {@code least}, to 1
     */
    public record Jitter(double least, double most, DoubleSupplier chance) {
        /** Each pause as it is. */
        public static final Jitter NONE = new Jitter(1, 1, () -> 0);

        /** Half of a pause at random: many who failed together do not come back together. */
        public static final Jitter HALF = random(0.5, 1);

        /** At most a fifth more or less. */
        public static final Jitter FIFTH = random(0.8, 1.2);

        private static Jitter random(double least, double most) {
            return new Jitter(least, most, () -> ThreadLocalRandom.current().nextDouble());
        }

        /** {@code pause} as it is to be waited. */
        public Duration of(Duration pause) {
            return Duration.ofNanos((long) (pause.toNanos() * (least + (most - least) * chance.getAsDouble())));
        }
    }
}
