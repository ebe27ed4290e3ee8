package dev.sluice.limits.redis;

import dev.sluice.limits.Reservation;
import dev.sluice.limits.Subject;
import dev.sluice.limits.Window;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What one request reserves of the limits of one {@link CompiledPolicy.Part}. They share one record in Redis. */
final class PartReservation {
    /**
     * What it takes of one counter.
     *
     * @param value the key of the value in which the counter lies
     * @param window the counter's; null if the limit has none
     * @param reserve units
     */
    record Charge(
            CompiledLimit limit, String value, @Nullable Window window, long reserve) {
        /** The name of the counter in its value. */
        String counter() {
            return limit.counter(window);
        }
    }

    final String id;
    final CompiledPolicy.Part part;
    final Subject subject;
    final Reservation reservation;
    /** The hash tag of its keys. */
    final String tag;
    /** The shard whose commands it can share. */
    final String shard;
    /** Identifies it in the value that has its record. */
    final long hash;
    /** What can be corrected afterwards; empty until Redis is asked. */
    volatile List<Charge> charges = List.of();

    private volatile long until;

    PartReservation(String id, CompiledPolicy.Part part, Subject subject, Reservation reservation) {
        this.id = id;
        this.part = part;
        this.subject = subject;
        this.reservation = reservation;
        tag = part.tag(subject);
        shard = part.shard(tag);
        hash = Keys.hash(id);
        recordedAt(System.nanoTime());
    }

    /** The key of the value that has its record; not before Redis is asked. */
    String home() {
        return charges.get(part.home).value();
    }

    /** The record is kept from this time on, by {@link System#nanoTime}. */
    void recordedAt(long nanos) {
        until = nanos + TimeUnit.MILLISECONDS.toNanos(part.recordMillis);
    }

    /** On the clock of {@link System#nanoTime}: when its leases are over and its record is forgotten. */
    long until() {
        return until;
    }
}
