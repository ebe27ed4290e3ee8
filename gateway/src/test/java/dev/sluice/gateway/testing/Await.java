package dev.sluice.gateway.testing;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for a condition with a deadline. */
public final class Await {
    private static final long SHORTEST_PAUSE = 1_000_000;
    private static final long LONGEST_PAUSE = 32_000_000;

    private Await() {}

    /** Returns as soon as {@code condition} holds; fails, naming {@code what}, when {@code limit} passes first. */
    public static void until(Duration limit, String what, BooleanSupplier condition) {
        long end = System.nanoTime() + limit.toNanos();
        // Longer and longer: to look is often a request or a query, and takes time from what is waited for.
        long pause = SHORTEST_PAUSE;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not within " + limit + ": " + what);
            }
            LockSupport.parkNanos(pause);
            pause = Math.min(LONGEST_PAUSE, pause * 2);
        }
    }

    /** Gives other threads, the reference handler for example, a moment. */
    static void pause() {
        LockSupport.parkNanos(20_000_000);
    }
}
