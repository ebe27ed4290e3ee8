package dev.sluice.gateway.outbound.provider;

import dev.sluice.gateway.contract.DurationWords;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** Ends an answer that is not complete in time, however well it was going. */
final class DeadlineModel implements TextModel {
    private final TextModel next;
    private final Duration deadline;
    private final Scheduler timer;

    DeadlineModel(TextModel next, Duration deadline, Scheduler timer) {
        this.next = next;
        this.deadline = deadline;
        this.timer = timer;
    }

    @Override
    public Flux<TextPiece> reply(Prompt prompt, Delivery delivery, Runnable called) {
        return Flux.defer(() -> {
            long end = timer.now(TimeUnit.NANOSECONDS) + deadline.toNanos();
            return next.reply(prompt, delivery, called)
                    .timeout(
                            Mono.delay(deadline, timer),
                            piece -> Mono.delay(Duration.ofNanos(end - timer.now(TimeUnit.NANOSECONDS)), timer),
                            Flux.error(this::late));
        });
    }

    private ProviderException late() {
        return new ProviderException(
                ProviderFailure.TIMED_OUT, "The answer was not complete within " + DurationWords.of(deadline) + ".");
    }
}
