package dev.sluice.limits.redis;

import dev.sluice.limits.redis.PartReservation.Charge;
import java.util.ArrayList;
import java.util.List;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** What a request that still runs keeps in Redis. */
final class Renewal {
    final PartReservation reserved;
    private final List<Charge> leases;
    private final Sinks.Empty<Void> done = Sinks.empty();

    Renewal(PartReservation reserved) {
        this.reserved = reserved;
        List<Charge> all = reserved.charges;
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

    /** The keys and arguments of {@code renew.lua}. */
    static final class Command {
        private final ScriptCommand command;
        private final MessagePack.Writer numbers = new MessagePack.Writer();

        Command(List<Renewal> batch, String prefix) {
            command = new ScriptCommand(prefix);
            numbers.add(batch.size());
            for (Renewal renewal : batch) {
                command.add(renewal.reserved);
                numbers.add(renewal.reserved.part.recordMillis);
                numbers.add(command.value(renewal.reserved.home()));
                numbers.add(renewal.leases.size());
                for (Charge charge : renewal.leases) {
                    numbers.add(command.value(charge.value()));
                    numbers.add(command.name(charge.counter()));
                    numbers.add(charge.limit().leaseMillis());
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

    /** {@code answers} of the script to a batch that was sent then: the records are kept from no earlier on. */
    static void answered(List<Renewal> batch, List<Object> answers, long sent) {
        for (int i = 0; i < batch.size(); i++) {
            if (answers.get(i).equals(1L)) {
                batch.get(i).reserved.recordedAt(sent);
            }
        }
    }
}
