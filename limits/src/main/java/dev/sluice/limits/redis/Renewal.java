package dev.sluice.limits.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.ArrayList;
import java.util.List;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** What a request that still runs keeps in Redis. */
final class Renewal {
    final Holding holding;
    private final List<Charge> leases;
    private final Sinks.Empty<Void> done = Sinks.empty();

    Renewal(Holding holding) {
        this.holding = holding;
        List<Charge> all = holding.charges;
        List<Charge> renewed = new ArrayList<>(all.size());
        for (Charge charge : all) {
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
            Holding holding = renewal.holding;
            keys.add(Keys.bytes(Keys.recordPrefix(prefix, holding.tag) + holding.id));
            renewal.leases.forEach(charge -> keys.add(Keys.bytes(charge.key())));
        }
        return keys.toArray(byte[][]::new);
    }

    static byte[][] arguments(List<Renewal> batch) {
        List<byte[]> arguments = new ArrayList<>();
        arguments.add(bytes(batch.size()));
        for (Renewal renewal : batch) {
            arguments.add(Keys.bytes(renewal.holding.id));
            arguments.add(bytes(renewal.holding.part.recordMillis));
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
                batch.get(i).holding.recordedAt(sent);
            }
        }
    }
}
