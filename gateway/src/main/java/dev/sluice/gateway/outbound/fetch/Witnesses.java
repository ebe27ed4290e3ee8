package dev.sluice.gateway.outbound.fetch;

import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.function.LongSupplier;

/** Which callers an origin has failed of late, the last few of them. Any thread. */
final class Witnesses {
    /** Different callers whom it has failed, before what it does is held against it. */
    private static final int SEVERAL = 3;

    private static final int MOST = 16;

    private final LinkedHashMap<String, Long> failed = new LinkedHashMap<>();
    private final long memoryNanos;
    private final LongSupplier nanoTime;

    /** @param memory how long a failure is of late */
    Witnesses(Duration memory, LongSupplier nanoTime) {
        this.memoryNanos = memory.toNanos();
        this.nanoTime = nanoTime;
    }

    /** Adds one, and says whether they are several now. */
    synchronized boolean add(String caller) {
        long now = nanoTime.getAsLong();
        failed.remove(caller);
        failed.put(caller, now); // the last in order
        Iterator<Long> oldest = failed.values().iterator();
        while (oldest.hasNext() && (now - oldest.next() > memoryNanos || failed.size() > MOST)) {
            oldest.remove();
        }
        return failed.size() >= SEVERAL;
    }

    /** Whether it has failed {@code caller}. */
    synchronized boolean has(String caller) {
        Long last = failed.get(caller);
        return last != null && nanoTime.getAsLong() - last <= memoryNanos;
    }
}
