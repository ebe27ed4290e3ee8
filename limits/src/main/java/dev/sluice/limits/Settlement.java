package dev.sluice.limits;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** What is to be told to Redis about a request that ended. */
final class Settlement {
    private final String id;
    private final List<Admission.Place> places;
    private final Map<String, Long> used;
    private final Sinks.Empty<Void> told = Sinks.empty();
    /** On the clock of {@link System#nanoTime}: when its leases are over and its record is forgotten. */
    private final long until;

    Settlement(String id, List<Admission.Place> places, Map<String, Long> used, long until) {
        this.id = id;
        this.used = used;
        this.until = until;
        List<Admission.Place> corrected = new ArrayList<>(places.size());
        for (Admission.Place place : places) {
            if (place.limit().isCorrectedBy(used, place.reserve())) {
                corrected.add(place);
            }
        }
        this.places = corrected;
    }

    /** Nothing to free and nothing to correct: the record ends by itself. */
    boolean isNothing() {
        return places.isEmpty();
    }

    boolean isOver() {
        return System.nanoTime() - until >= 0;
    }

    /** Its caller waits no longer. */
    void release() {
        told.tryEmitEmpty();
    }

    Mono<Void> told() {
        return told.asMono();
    }

    static List<byte[]> keys(List<Settlement> batch, String prefix) {
        List<byte[]> keys = new ArrayList<>();
        for (Settlement settlement : batch) {
            keys.add((prefix + "req:" + settlement.id).getBytes(UTF_8));
            settlement.places.forEach(place -> keys.add(place.key().getBytes(UTF_8)));
        }
        return keys;
    }

    static List<byte[]> arguments(List<Settlement> batch, long settledMillis) {
        List<byte[]> arguments = new ArrayList<>();
        arguments.add(ScriptLimit.bytes(batch.size()));
        arguments.add(ScriptLimit.bytes(settledMillis));
        for (Settlement settlement : batch) {
            arguments.add(settlement.id.getBytes(UTF_8));
            arguments.add(ScriptLimit.bytes(settlement.places.size()));
            settlement.places.forEach(place -> place.limit().correct(settlement.used, place.reserve(), arguments));
        }
        return arguments;
    }
}
