package dev.sluice.gateway.outbound.ai.image;

import dev.sluice.gateway.contract.DurationWords;
import dev.sluice.gateway.outbound.ai.image.ImageModels.PollPolicy;
import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import dev.sluice.gateway.outbound.http.ProviderRetries;
import dev.sluice.gateway.outbound.retry.CallDeadline;
import dev.sluice.gateway.outbound.retry.RetryPolicy;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;

/** Builds the chain around an image provider. */
public final class ImageModels {

    private ImageModels() {}

    /**
     * How often a provider is polled.
     *
     * @param firstPause between the first two polls; each further pause is half as long again
     * @param longestPause between two polls
     * @param retry of one call that fails
     */
    public record PollPolicy(Duration firstPause, Duration longestPause, RetryPolicy retry) {

        /** Polls after 500 ms, 750 ms and so on up to 3 s; retries after 1 s, 2 s and 4 s. */
        public static final PollPolicy DEFAULTS = new PollPolicy(
                Duration.ofMillis(500), Duration.ofSeconds(3), ProviderRetries.policy(Duration.ofSeconds(1), 3));
    }

    /** The chain around a provider's single calls; each line wraps those above it. */
    public static ImageModel guarded(ImageProvider provider, PollPolicy policy, MeterRegistry meters, Scheduler timer) {
        ImageModel chain = new PollingModel(provider, policy, timer); // many looks are one wait
        chain = new DeadlineModel(chain, timer); // nothing outlasts it, and the provider is told
        return new MeteredModel(chain, meters); // each picture is seen once
    }

    /** Replaces a provider without a token: each call fails. */
    public static ImageModel unconfigured(String detail) {
        return new ImageModel() {
            @Override
            public String provider() {
                return "none";
            }

            @Override
            public Mono<Prediction> create(ImagePrompt prompt, Duration within) {
                return none();
            }

            @Override
            public Mono<GeneratedImage> await(Prediction prediction, Duration within) {
                return none();
            }

            @Override
            public Mono<Void> cancel(Prediction prediction) {
                return none();
            }

            private <T> Mono<T> none() {
                return Mono.error(() -> new ProviderException(ProviderFailure.NOT_CONFIGURED, detail));
            }
        };
    }

    /** Polls until an image is ready, less often as time passes, and retries calls whose failure is temporary. */
    private static final class PollingModel implements ImageModel {
        private static final double GROWTH = 1.5;

        private final ImageProvider provider;
        private final PollPolicy policy;
        private final Scheduler timer;

        PollingModel(ImageProvider provider, PollPolicy policy, Scheduler timer) {
            this.provider = provider;
            this.policy = policy;
            this.timer = timer;
        }

        @Override
        public String provider() {
            return provider.name();
        }

        @Override
        public Mono<Prediction> create(ImagePrompt prompt, Duration within) {
            return Mono.defer(() -> provider.create(prompt, within).retryWhen(retry(within)));
        }

        @Override
        public Mono<GeneratedImage> await(Prediction prediction, Duration within) {
            return Mono.defer(() -> provider.poll(prediction)
                    .retryWhen(retry(within))
                    .repeatWhenEmpty(
                            Integer.MAX_VALUE, polls -> polls.concatMap(poll -> Mono.delay(pause(poll), timer))));
        }

        @Override
        public Mono<Void> cancel(Prediction prediction) {
            return provider.cancel(prediction);
        }

        private Duration pause(long poll) {
            double grown = policy.firstPause().toNanos() * Math.pow(GROWTH, (double) poll);
            Duration pause = Duration.ofNanos((long) grown);
            Duration bounded = pause.compareTo(policy.longestPause()) < 0 ? pause : policy.longestPause();
            return policy.retry().backoff().jitter().of(bounded);
        }

        private Retry retry(Duration within) {
            return policy.retry().until(CallDeadline.in(within, timer), ProviderRetries.failures(provider.name()));
        }
    }

    /** Ends a call at its deadline, and cancels its prediction at the provider. */
    private static final class DeadlineModel implements ImageModel {
        private static final Logger LOG = LoggerFactory.getLogger(DeadlineModel.class);
        private static final Duration CANCEL = Duration.ofSeconds(2);

        private final ImageModel next;
        private final Scheduler timer;

        DeadlineModel(ImageModel next, Scheduler timer) {
            this.next = next;
            this.timer = timer;
        }

        @Override
        public String provider() {
            return next.provider();
        }

        @Override
        public Mono<Prediction> create(ImagePrompt prompt, Duration within) {
            Mono<Prediction> late = Mono.error(() -> late("The provider did not take the prompt", within));
            return within.isPositive() ? next.create(prompt, within).timeout(within, late, timer) : late;
        }

        @Override
        public Mono<GeneratedImage> await(Prediction prediction, Duration within) {
            Mono<GeneratedImage> late = Mono.defer(() -> cancel(prediction)
                    .doOnError(deaf -> LOG.atDebug()
                            .addKeyValue("provider", provider())
                            .addKeyValue("prediction", prediction.id())
                            .log("a late prediction was not cancelled: {}", deaf.getMessage()))
                    .onErrorComplete()
                    .then(Mono.error(() -> late("The picture was not ready", within))));
            return within.isPositive() ? next.await(prediction, within).timeout(within, late, timer) : late;
        }

        @Override
        public Mono<Void> cancel(Prediction prediction) {
            return next.cancel(prediction)
                    .timeout(CANCEL, Mono.error(() -> late("The prediction was not cancelled", CANCEL)), timer);
        }

        private static ProviderException late(String what, Duration within) {
            return new ProviderException(ProviderFailure.TIMED_OUT, what + " within " + DurationWords.of(within) + ".");
        }
    }

    /**
     * Meters of image generation.
     *
     * <ul>
     *   <li>{@code sluice.images.generations}: by {@code provider} and {@code outcome}: ok, cancelled (nobody waits
     *       here any more), or the code of a {@link ProviderFailure}. A picture counts when its wait has ended, or when
     *       its prompt was not taken.
     *   <li>{@code sluice.images.generation}: time by {@code provider} and {@code step}: create, await
     * </ul>
     */
    private static final class MeteredModel implements ImageModel {
        private static final Logger LOG = LoggerFactory.getLogger(MeteredModel.class);
        private static final String OK = "ok";

        private final ImageModel next;
        private final MeterRegistry meters;

        MeteredModel(ImageModel next, MeterRegistry meters) {
            this.next = next;
            this.meters = meters;
        }

        @Override
        public String provider() {
            return next.provider();
        }

        @Override
        public Mono<Prediction> create(ImagePrompt prompt, Duration within) {
            return seen("create", next.create(prompt, within), outcome -> !OK.equals(outcome));
        }

        @Override
        public Mono<GeneratedImage> await(Prediction prediction, Duration within) {
            return seen("await", next.await(prediction, within), outcome -> true);
        }

        @Override
        public Mono<Void> cancel(Prediction prediction) {
            return next.cancel(prediction);
        }

        private <T> Mono<T> seen(String step, Mono<T> call, Predicate<String> isTheEnd) {
            return Mono.defer(() -> {
                Timer.Sample sample = Timer.start(meters);
                AtomicReference<String> outcome = new AtomicReference<>("cancelled");
                return call.doOnSuccess(done -> outcome.set(OK))
                        .doOnError(failure -> outcome.set(code(step, failure)))
                        .doFinally(end -> {
                            sample.stop(time(step));
                            if (isTheEnd.test(outcome.get())) {
                                generations(outcome.get()).increment();
                            }
                        });
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
                    .log("no picture: {} {}", known.getMessage(), reason == null ? "" : reason);
            return known.failure().code();
        }

        private Timer time(String step) {
            return Timer.builder("sluice.images.generation")
                    .description("Pictures in the making: until the prompt was taken, and until the picture was ready")
                    .tag("provider", provider())
                    .tag("step", step)
                    .register(meters);
        }

        private Counter generations(String outcome) {
            return Counter.builder("sluice.images.generations")
                    .description("Pictures that were asked for")
                    .tag("provider", provider())
                    .tag("outcome", outcome)
                    .register(meters);
        }
    }
}
