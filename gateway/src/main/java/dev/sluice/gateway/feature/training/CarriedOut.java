package dev.sluice.gateway.feature.training;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import reactor.core.publisher.Mono;

/**
 * A call that is carried to its end even when its caller leaves, because breaking it off would leave open whether it
 * was carried out. The call bounds its own time.
 */
final class CarriedOut {
    private final Mono<String> call;
    private final Consumer<String> orphaned;

    /** @param orphaned gets the result, once, if its caller has left before it came */
    CarriedOut(Mono<String> call, Consumer<String> orphaned) {
        this.call = call;
        this.orphaned = orphaned;
    }

    /** The result. Either its subscriber gets it or {@code orphaned} does. */
    Mono<String> result() {
        return Mono.create(sink -> {
            AtomicBoolean decided = new AtomicBoolean();
            sink.onCancel(() -> decided.set(true));
            call.subscribe(
                    result -> {
                        if (decided.compareAndSet(false, true)) {
                            sink.success(result);
                        } else {
                            orphaned.accept(result);
                        }
                    },
                    failure -> {
                        if (decided.compareAndSet(false, true)) {
                            sink.error(failure);
                        }
                    });
        });
    }
}
