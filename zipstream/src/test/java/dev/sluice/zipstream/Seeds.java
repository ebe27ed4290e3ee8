package dev.sluice.zipstream;

import java.util.Random;

/** Tries a property with many random inputs, the same in every run. A failure names the seed that shows it again. */
final class Seeds {

    /** What must hold, whatever is drawn from {@code random}. */
    @FunctionalInterface
    interface Property {
        void holds(Random random) throws Exception;
    }

    private Seeds() {}

    static void each(int tries, Property property) {
        for (int seed = 0; seed < tries; seed++) {
            try {
                property.holds(new Random(seed));
            } catch (Exception | AssertionError broken) {
                throw new AssertionError("seed " + seed + ": " + broken.getMessage(), broken);
            }
        }
    }
}
