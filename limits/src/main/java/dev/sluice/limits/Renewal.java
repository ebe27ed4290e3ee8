package dev.sluice.limits;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** What is to be told to Redis about a request that still runs. */
final class Renewal {
    private final String id;
    private final List<Admission.Place> slots;
    private final long recordMillis;
    private final LongConsumer recordedAt;
    private final Sinks.Empty<Void> told = Sinks.empty();

    /** {@code recordedAt} is told a time, by {@link System#nanoTime}, from which on the record is kept again. */
    Renewal(String id, List<Admission.Place> places, long recordMillis, LongConsumer recordedAt) {
        this.id = id;
        this.recordMillis = recordMillis;
        this.recordedAt = recordedAt;
        List<Admission.Place> renewed = new ArrayList<>(places.size());
        for (Admission.Place place : places) {
            if (place.limit().kind == ScriptLimit.SLOTS) {
                renewed.add(place);
            }
        }
        this.slots = renewed;
    }

    Mono<Void> told() {
        return told.asMono();
    }

    /** Its caller waits no longer. */
    void release() {
        told.tryEmitEmpty();
    }

    static List<byte[]> keys(List<Renewal> batch, String prefix) {
        List<byte[]> keys = new ArrayList<>();
        for (Renewal renewal : batch) {
            keys.add((prefix + "req:" + renewal.id).getBytes(UTF_8));
            renewal.slots.forEach(place -> keys.add(place.key().getBytes(UTF_8)));
        }
        return keys;
    }

    static List<byte[]> arguments(List<Renewal> batch) {
        List<byte[]> arguments = new ArrayList<>();
        arguments.add(ScriptLimit.bytes(batch.size()));
        for (Renewal renewal : batch) {
            arguments.add(renewal.id.getBytes(UTF_8));
            arguments.add(ScriptLimit.bytes(renewal.recordMillis));
            arguments.add(ScriptLimit.bytes(renewal.slots.size()));
            renewal.slots.forEach(place -> place.limit().renew(arguments));
        }
        return arguments;
    }

    /** {@code answers} of the script to a batch that was sent then: the records are kept from no earlier on. */
    static void answered(List<Renewal> batch, List<Object> answers, long sent) {
        for (int i = 0; i < batch.size(); i++) {
            if (answers.get(i).equals(1L)) {
                batch.get(i).recordedAt.accept(sent);
            }
        }
    }
}
