package dev.sluice.gateway.testing;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for a condition with a deadline. */
public final class Await {
    private Await() {}

    /** Returns as soon as {@code condition} holds; fails, naming {@code what}, when {@code limit} passes first. */
    public static void until(Duration limit, String what, BooleanSupplier condition) {
        long end = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not within " + limit + ": " + what);
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    /** Gives other threads, the reference handler for example, a moment. */
    static void pause() {
        LockSupport.parkNanos(20_000_000);
    }
}
