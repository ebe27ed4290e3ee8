package dev.sluice.limits.redis;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** What a request that ended frees and corrects in Redis. */
final class Settlement {
    private final String id;
    private final List<Charge> charges;
    private final Map<String, Long> used;
    private final Sinks.Empty<Void> done = Sinks.empty();
    /** On the clock of {@link System#nanoTime}: when its leases are over and its record is forgotten. */
    private final long until;

    Settlement(String id, List<Charge> charges, Map<String, Long> used, long until) {
        this.id = id;
        this.used = used;
        this.until = until;
        List<Charge> corrected = new ArrayList<>(charges.size());
        for (Charge charge : charges) {
            if (charge.limit().isCorrectedBy(used, charge.reserve())) {
                corrected.add(charge);
            }
        }
        this.charges = corrected;
    }

    /** Nothing to free and nothing to correct: the record ends by itself. */
    boolean isNothing() {
        return charges.isEmpty();
    }

    boolean isOver() {
        return System.nanoTime() - until >= 0;
    }

    /** Its caller waits no longer. */
    void release() {
        done.tryEmitEmpty();
    }

    Mono<Void> done() {
        return done.asMono();
    }

    static byte[][] keys(List<Settlement> batch, String prefix) {
        List<byte[]> keys = new ArrayList<>(batch.size() * 3);
        for (Settlement settlement : batch) {
            keys.add(Keys.bytes(prefix + Keys.RECORD + settlement.id));
        }
        for (Settlement settlement : batch) {
            settlement.charges.forEach(charge -> keys.add(Keys.bytes(charge.key())));
        }
        return keys.toArray(byte[][]::new);
    }

    static byte[] arguments(List<Settlement> batch, String prefix, long settledMillis) {
        MessagePack.Writer arguments = new MessagePack.Writer();
        arguments.add(batch.size());
        arguments.add(settledMillis);
        arguments.add(prefix.length() + Keys.RECORD.length() + 1);
        for (Settlement settlement : batch) {
            arguments.add(settlement.charges.size());
            settlement.charges.forEach(charge -> charge.limit().correct(settlement.used, charge.reserve(), arguments));
        }
        return MessagePack.Writer.array(arguments);
    }
}
