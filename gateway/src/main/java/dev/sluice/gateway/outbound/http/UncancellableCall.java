package dev.sluice.gateway.outbound.http;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import reactor.core.publisher.Mono;

/**
 * Calls that are carried to their end even when their caller leaves, because breaking them off would leave open whether
 * what they cost was spent. They bound their own time.
 */
public final class UncancellableCall {
    private UncancellableCall() {}

    /**
     * A call that begins when it is subscribed to, and ends by itself alone.
     *
     * @param call subscribed to once a subscription, in whose context
     * @param failedUnheard gets a failure that comes when its caller has left
     */
    public static <T> Mono<T> of(Mono<T> call, Consumer<Throwable> failedUnheard) {
        return Mono.create(sink -> {
            AtomicBoolean left = new AtomicBoolean();
            sink.onCancel(() -> left.set(true));
            call.contextWrite(sink.contextView())
                    .subscribe(
                            sink::success,
                            failure -> {
                                if (left.get()) {
                                    failedUnheard.accept(failure);
                                } else {
                                    sink.error(failure);
                                }
                            },
                            sink::success);
        });
    }
}
