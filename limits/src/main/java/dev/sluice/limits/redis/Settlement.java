package dev.sluice.limits.redis;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** What a request that ended frees and corrects in Redis. */
final class Settlement {
    /** Whose commands it can share. */
    final String place;

    private final String id;
    private final String tag;
    private final List<Charge> charges;
    private final Map<String, Long> used;
    private final Sinks.Empty<Void> done = Sinks.empty();
    /** On the clock of {@link System#nanoTime}: when its leases are over and its record is forgotten. */
    private final long until;

    Settlement(Holding holding, Map<String, Long> used) {
        this.place = holding.place;
        this.id = holding.id;
        this.tag = holding.tag;
        this.used = used;
        this.until = holding.until();
        List<Charge> all = holding.charges;
        List<Charge> corrected = new ArrayList<>(all.size());
        for (Charge charge : all) {
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
            keys.add(Keys.bytes(Keys.recordPrefix(prefix, settlement.tag) + settlement.id));
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
        // The tags of one command are of one length.
        arguments.add(Keys.recordPrefix(prefix, batch.getFirst().tag).length() + 1);
        for (Settlement settlement : batch) {
            arguments.add(settlement.charges.size());
            settlement.charges.forEach(charge -> charge.limit().correct(settlement.used, charge.reserve(), arguments));
        }
        return MessagePack.Writer.array(arguments);
    }
}
