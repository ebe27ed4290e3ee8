package dev.sluice.gateway.outbound.ai.training;

import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import dev.sluice.gateway.outbound.http.ProviderRetries;
import dev.sluice.gateway.outbound.retry.CallDeadline;
import dev.sluice.gateway.outbound.retry.RetryPolicy;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;

/** Builds the chain around a trainer. */
public final class LoraTrainers {
    private LoraTrainers() {}

    /**
     * The chain around a provider's single tries; each line wraps those above it.
     *
     * @param retryPause before the one repetition of a call
     */
    public static LoraTrainer guarded(LoraTrainer tries, Duration retryPause, MeterRegistry meters, Scheduler timer) {
        RetryPolicy retry = ProviderRetries.policy(retryPause, 1);
        LoraTrainer chain = new RetryingTrainer(tries, retry, timer); // one failure that passes is none
        return new MeteredTrainer(chain, meters); // each call is seen once
    }

    /**
     * Retries calls whose failure is temporary; a training is queued again only when the request certainly did not
     * arrive, because it is paid for.
     */
    private static final class RetryingTrainer implements LoraTrainer {
        /** Each try of a poll has a bound of its own; no retry begins after this. */
        private static final Duration POLL_RETRIES = Duration.ofMinutes(1);

        private final LoraTrainer next;
        private final RetryPolicy retry;
        private final Scheduler timer;

        RetryingTrainer(LoraTrainer next, RetryPolicy retry, Scheduler timer) {
            this.next = next;
            this.retry = retry;
            this.timer = timer;
        }

        @Override
        public String provider() {
            return next.provider();
        }

        @Override
        public Mono<Void> ready() {
            return next.ready();
        }

        @Override
        public Mono<URI> upload(LoraTrainer.Archive archive, Duration within) {
            return Mono.defer(() -> next.upload(archive, within).retryWhen(until(end(within))));
        }

        @Override
        public Mono<String> queue(LoraTrainer.Job order, Duration within) {
            return Mono.defer(() -> {
                CallDeadline end = end(within);
                return Mono.defer(() -> next.queue(order, end.left())).retryWhen(until(end));
            });
        }

        @Override
        public Mono<TrainingState> poll(String id) {
            return Mono.defer(() -> next.poll(id).retryWhen(until(end(POLL_RETRIES))));
        }

        @Override
        public Mono<Void> cancel(String id) {
            return Mono.defer(() -> next.cancel(id).retryWhen(until(end(POLL_RETRIES))));
        }

        private Retry until(CallDeadline end) {
            return retry.until(end, ProviderRetries.failures(provider()));
        }

        private CallDeadline end(Duration within) {
            return CallDeadline.in(within, timer);
        }
    }

    /**
     * Meters of training calls: {@code sluice.training.call}, time by {@code provider}, {@code step} (upload, queue,
     * look, cancel) and {@code outcome}: ok, cancelled, the code of a {@link ProviderFailure}, or unexpected.
     */
    private static final class MeteredTrainer implements LoraTrainer {
        private static final Logger LOG = LoggerFactory.getLogger(MeteredTrainer.class);

        private final LoraTrainer next;
        private final MeterRegistry meters;

        MeteredTrainer(LoraTrainer next, MeterRegistry meters) {
            this.next = next;
            this.meters = meters;
        }

        @Override
        public String provider() {
            return next.provider();
        }

        @Override
        public Mono<Void> ready() {
            return next.ready();
        }

        @Override
        public Mono<URI> upload(LoraTrainer.Archive archive, Duration within) {
            return seen("upload", next.upload(archive, within));
        }

        @Override
        public Mono<String> queue(LoraTrainer.Job order, Duration within) {
            return seen("queue", next.queue(order, within));
        }

        @Override
        public Mono<TrainingState> poll(String id) {
            return seen("look", next.poll(id));
        }

        @Override
        public Mono<Void> cancel(String id) {
            return seen("cancel", next.cancel(id));
        }

        private <T> Mono<T> seen(String step, Mono<T> call) {
            return Mono.defer(() -> {
                Timer.Sample sample = Timer.start(meters);
                AtomicReference<String> outcome = new AtomicReference<>("cancelled");
                return call.doOnSuccess(done -> outcome.set("ok"))
                        .doOnError(failure -> outcome.set(code(step, failure)))
                        .doFinally(end -> sample.stop(time(step, outcome.get())));
            });
        }

        private String code(String step, Throwable failure) {
            if (!(failure instanceof ProviderException known)) {
                return "unexpected";
            }
            String reason = known.reason();
            LOG.atDebug()
                    .addKeyValue("provider", provider())
                    .addKeyValue("step", step)
                    .addKeyValue("failure.code", known.failure().code())
                    .log("no training: {} {}", known.getMessage(), reason == null ? "" : reason);
            return known.failure().code();
        }

        private Timer time(String step, String outcome) {
            return Timer.builder("sluice.training.call")
                    .description("Calls of a training provider, repetition included")
                    .tag("provider", provider())
                    .tag("step", step)
                    .tag("outcome", outcome)
                    .register(meters);
        }
    }
}
