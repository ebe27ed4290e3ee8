package dev.sluice.limits.redis;

import dev.sluice.limits.redis.PartReservation.Charge;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** What a request that ended frees and corrects in Redis. */
final class Settlement {
    /** Whose commands it can share. */
    final String shard;

    private final PartReservation reserved;
    private final List<Charge> charges;
    private final Map<String, Long> used;
    private final Sinks.Empty<Void> done = Sinks.empty();
    /** On the clock of {@link System#nanoTime}: when its leases are over and its record is forgotten. */
    private final long until;

    Settlement(PartReservation reserved, Map<String, Long> used) {
        this.shard = reserved.shard;
        this.reserved = reserved;
        this.used = used;
        this.until = reserved.until();
        List<Charge> all = reserved.charges;
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

    /** The keys and arguments of {@code settle.lua}. */
    static final class Command {
        private final ScriptCommand command;
        private final MessagePack.Writer numbers = new MessagePack.Writer();

        Command(List<Settlement> batch, String prefix, long settledMillis) {
            command = new ScriptCommand(prefix);
            numbers.add(batch.size());
            numbers.add(settledMillis);
            for (Settlement settlement : batch) {
                command.add(settlement.reserved);
                numbers.add(command.value(settlement.reserved.home()));
                numbers.add(settlement.charges.size());
                for (Charge charge : settlement.charges) {
                    numbers.add(command.value(charge.value()));
                    numbers.add(command.name(charge.counter()));
                    charge.limit().correct(settlement.used, charge.reserve(), numbers);
                }
            }
        }

        byte[][] keys() {
            return command.keys();
        }

        byte[][] arguments() {
            return command.arguments(MessagePack.Writer.array(numbers));
        }
    }
}
