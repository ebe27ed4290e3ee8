package dev.sluice.limits.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** What a request that still runs keeps in Redis. */
final class Renewal {
    private final String id;
    private final List<Charge> leases;
    private final long recordMillis;
    private final LongConsumer recordedAt;
    private final Sinks.Empty<Void> done = Sinks.empty();

    /** {@code recordedAt} receives a time, by {@link System#nanoTime}, from which on the record is kept again. */
    Renewal(String id, List<Charge> charges, long recordMillis, LongConsumer recordedAt) {
        this.id = id;
        this.recordMillis = recordMillis;
        this.recordedAt = recordedAt;
        List<Charge> renewed = new ArrayList<>(charges.size());
        for (Charge charge : charges) {
            if (charge.limit().kind == CompiledLimit.CONCURRENCY) {
                renewed.add(charge);
            }
        }
        this.leases = renewed;
    }

    Mono<Void> done() {
        return done.asMono();
    }

    /** Its caller waits no longer. */
    void release() {
        done.tryEmitEmpty();
    }

    static byte[][] keys(List<Renewal> batch, String prefix) {
        List<byte[]> keys = new ArrayList<>();
        for (Renewal renewal : batch) {
            keys.add(Keys.bytes(prefix + Keys.RECORD + renewal.id));
            renewal.leases.forEach(charge -> keys.add(Keys.bytes(charge.key())));
        }
        return keys.toArray(byte[][]::new);
    }

    static byte[][] arguments(List<Renewal> batch) {
        List<byte[]> arguments = new ArrayList<>();
        arguments.add(bytes(batch.size()));
        for (Renewal renewal : batch) {
            arguments.add(Keys.bytes(renewal.id));
            arguments.add(bytes(renewal.recordMillis));
            arguments.add(bytes(renewal.leases.size()));
            renewal.leases.forEach(charge -> arguments.add(bytes(charge.limit().leaseMillis())));
        }
        return arguments.toArray(byte[][]::new);
    }

    private static byte[] bytes(long number) {
        return Long.toString(number).getBytes(US_ASCII);
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
