package dev.sluice.gateway.outbound.http;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import reactor.core.publisher.Mono;

/**
 * A call that runs to its end even when its subscriber cancels, because a cancel would leave open whether its cost was
 * spent. The call bounds its own time.
 */
public final class UncancellableCall {
    private UncancellableCall() {}

    /**
     * Starts the call on subscription; a cancel does not end it.
     *
     * @param call subscribed to once a subscription, in whose context
     * @param onLateError gets an error that comes after the cancel
     */
    public static <T> Mono<T> of(Mono<T> call, Consumer<Throwable> onLateError) {
        return Mono.create(sink -> {
            AtomicBoolean left = new AtomicBoolean();
            sink.onCancel(() -> left.set(true));
            call.contextWrite(sink.contextView())
                    .subscribe(
                            sink::success,
                            failure -> {
                                if (left.get()) {
                                    onLateError.accept(failure);
                                } else {
                                    sink.error(failure);
                                }
                            },
                            sink::success);
        });
    }
}
