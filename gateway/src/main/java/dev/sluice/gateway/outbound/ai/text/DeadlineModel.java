package dev.sluice.gateway.outbound.ai.text;

import dev.sluice.gateway.contract.DurationWords;
import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** Ends an answer that is not complete in time, however well it was going. */
final class DeadlineModel implements TextModel {
    /** So much earlier a last try ends by itself, and is seen to have timed out and not to have been given up. */
    private static final int PARTS_KEPT_BACK = 100;

    private final TextModel next;
    private final Scheduler timer;

    DeadlineModel(TextModel next, Scheduler timer) {
        this.next = next;
        this.timer = timer;
    }

    @Override
    public Flux<TextPiece> reply(Prompt prompt, Delivery delivery, Duration within, CallAccount account) {
        return Flux.defer(() -> {
            long end = timer.now(TimeUnit.NANOSECONDS) + within.toNanos();
            Duration inside = within.minus(within.dividedBy(PARTS_KEPT_BACK));
            return next.reply(prompt, delivery, inside, account)
                    .timeout(
                            Mono.delay(within, timer),
                            piece -> Mono.delay(Duration.ofNanos(end - timer.now(TimeUnit.NANOSECONDS)), timer),
                            Flux.error(() -> late(within)));
        });
    }

    private static ProviderException late(Duration within) {
        return new ProviderException(
                ProviderFailure.TIMED_OUT, "The answer was not complete within " + DurationWords.of(within) + ".");
    }
}
