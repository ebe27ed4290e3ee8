package dev.sluice.gateway.outbound.picture.decode;

import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Files that wait, of one purpose. Those of one caller are served in the order in which they came, and the callers take
 * turns: whoever brings many waits behind itself, and nobody else behind all of them. Guarded by its queue's lock.
 */
final class WaitingJobs {
    private final LinkedHashMap<String, Queue<DecoderJob>> byCaller = new LinkedHashMap<>(); // whose turn it is first
    private int size;

    /** @param caller for whom; empty for the gateway itself */
    void add(String caller, DecoderJob job) {
        byCaller.computeIfAbsent(caller, first -> new ArrayDeque<>()).add(job);
        size++;
    }

    /** The one whose turn it is, or null. */
    @Nullable DecoderJob peek() {
        return size == 0 ? null : byCaller.firstEntry().getValue().peek();
    }

    /** Takes out the one whose turn it is; then it is another caller's. There must be one. */
    DecoderJob remove() {
        Map.Entry<String, Queue<DecoderJob>> first = byCaller.pollFirstEntry();
        DecoderJob job = first.getValue().remove();
        if (!first.getValue().isEmpty()) {
            byCaller.put(first.getKey(), first.getValue());
        }
        size--;
        return job;
    }

    /** Takes one out that gave up; whether it was there. */
    boolean remove(String caller, DecoderJob job) {
        Queue<DecoderJob> jobs = byCaller.get(caller);
        if (jobs == null || !jobs.remove(job)) {
            return false;
        }
        if (jobs.isEmpty()) {
            byCaller.remove(caller);
        }
        size--;
        return true;
    }

    int size() {
        return size;
    }

    /** Those of one caller. */
    int size(String caller) {
        Queue<DecoderJob> jobs = byCaller.get(caller);
        return jobs == null ? 0 : jobs.size();
    }
}
