package dev.sluice.gateway.outbound.ai.text;

import dev.sluice.gateway.contract.DurationWords;
import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import dev.sluice.gateway.outbound.retry.Backoff;
import dev.sluice.gateway.outbound.retry.CallDeadline;
import dev.sluice.gateway.outbound.retry.RetryPolicy;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;
import reactor.core.scheduler.Scheduler;

/** Builds the chain around a text model. */
public final class TextModels {
    private static final String ECHO_START = "Echo, no model was asked: ";

    private TextModels() {}

    /** The chain around a provider's single tries; each line wraps those above it. */
    public static TextModel guarded(TextModel provider, TryPolicy policy, MeterRegistry meters, Scheduler timer) {
        TextModel chain = provider;
        chain = new MeteredModel(chain, meters); // each try is seen
        chain = new RetryingModel(chain, policy, timer); // both tries are one call
        chain = new ContinuingModel(chain, timer); // calls that follow on each other are one answer
        return new DeadlineModel(chain, timer); // nothing outlasts it
    }

    /** For development without a key: replies with the prompt's own words, and says so. Calls no provider. */
    public static TextModel echo() {
        return (prompt, delivery, within, account) -> {
            Stream<TextPiece> words = Arrays.stream(prompt.lastText().split("(?<=\\s)", -1))
                    .filter(word -> !word.isEmpty())
                    .map(TextPiece.Delta::new);
            return Flux.<TextPiece>just(new TextPiece.Delta(ECHO_START))
                    .concatWith(Flux.fromStream(words))
                    .concatWithValues(new TextPiece.End("echo", null, "STOP"));
        };
    }

    /** Replaces a provider without a key: each reply fails. */
    public static TextModel unconfigured(String detail) {
        return (prompt, delivery, within, account) ->
                Flux.error(() -> new ProviderException(ProviderFailure.NOT_CONFIGURED, detail));
    }

    /**
     * Meters and logs of tries.
     *
     * <ul>
     *   <li>{@code sluice.ai.calls}: tries by {@code outcome}: ok, cancelled, or the code of a {@link ProviderFailure}
     *   <li>{@code sluice.ai.call}: time of each try, to the end of its answer
     *   <li>{@code sluice.ai.tokens}: by {@code direction}, prompt or output, of answers that came to their end
     * </ul>
     */
    private static final class MeteredModel implements TextModel {
        private static final Logger LOG = LoggerFactory.getLogger(MeteredModel.class);

        private final TextModel next;
        private final MeterRegistry meters;
        private final Timer time;
        private final Map<String, Counter> calls = new ConcurrentHashMap<>();
        private final Counter promptTokens;
        private final Counter outputTokens;

        MeteredModel(TextModel next, MeterRegistry meters) {
            this.next = next;
            this.meters = meters;
            this.time = Timer.builder("sluice.ai.call")
                    .description("Tries of calls to the model, to the end of the answer")
                    .register(meters);
            this.promptTokens = tokens("prompt");
            this.outputTokens = tokens("output");
        }

        @Override
        public Flux<TextPiece> reply(Prompt prompt, TextModel.Delivery delivery, Duration within, CallAccount account) {
            return Flux.defer(() -> {
                Timer.Sample sample = Timer.start(meters);
                AtomicReference<String> outcome = new AtomicReference<>("cancelled");
                return next.reply(prompt, delivery, within, account)
                        .doOnNext(this::count)
                        .doOnComplete(() -> outcome.set("ok"))
                        .doOnError(failure -> outcome.set(code(failure)))
                        .doFinally(end -> {
                            // A try whose time is over has timed out, though the deadline of all may have come first.
                            boolean isOver = sample.stop(time) >= within.toNanos();
                            boolean isGivenUp = end == SignalType.CANCEL;
                            String seen = isGivenUp && isOver ? ProviderFailure.TIMED_OUT.code() : outcome.get();
                            calls.computeIfAbsent(seen, this::calls).increment();
                        });
            });
        }

        private void count(TextPiece piece) {
            if (piece instanceof TextPiece.End end && end.usage() != null) {
                promptTokens.increment((double) end.usage().promptTokens());
                outputTokens.increment((double) end.usage().outputTokens());
            }
        }

        private static String code(Throwable failure) {
            if (failure instanceof ProviderException known) {
                // Here and not where the problem is answered: a first try that fails is seen nowhere else.
                LOG.info("try failed {}: {} {}", known.failure().code(), known.getMessage(), reason(known));
                return known.failure().code();
            }
            return "unexpected";
        }

        private static String reason(ProviderException failure) {
            String reason = failure.reason();
            return reason == null ? "" : reason;
        }

        private Counter calls(String outcome) {
            return Counter.builder("sluice.ai.calls")
                    .description("Tries of calls to the model")
                    .tag("outcome", outcome)
                    .register(meters);
        }

        private Counter tokens(String direction) {
            return Counter.builder("sluice.ai.tokens")
                    .description("Tokens that the provider counted")
                    .tag("direction", direction)
                    .register(meters);
        }
    }

    /**
     * Retries once when the first try failed before the first byte of an answer and there is time. Never after that: an
     * answer that has begun is paid for, and its reader has seen a part.
     */
    private static final class RetryingModel implements TextModel {
        private final TextModel next;
        private final TryPolicy policy;
        private final Scheduler timer;

        RetryingModel(TextModel next, TryPolicy policy, Scheduler timer) {
            this.next = next;
            this.policy = policy;
            this.timer = timer;
        }

        @Override
        public Flux<TextPiece> reply(Prompt prompt, TextModel.Delivery delivery, Duration within, CallAccount account) {
            return Flux.defer(() -> {
                CallDeadline end = CallDeadline.in(within, timer);
                CallDeadline lastRetry = CallDeadline.in(policy.lastRetry(within), timer);
                Duration first = policy.allowsTwo(within) ? policy.tryTimeout() : within;
                AtomicBoolean again = new AtomicBoolean();
                return Flux.defer(
                                () -> next.reply(prompt, delivery, again.getAndSet(true) ? end.left() : first, account))
                        .retryWhen(
                                policy.retry().until(lastRetry, RetryPolicy.Failures.of(RetryingModel::isRetryable)));
            });
        }

        private static boolean isRetryable(Throwable failure) {
            return failure instanceof ProviderException known && known.failure().isRetryable();
        }
    }

    /**
     * Continues an answer that the provider stops because it writes no more in one call, so that the caller sees one
     * answer. Each further call is a call like the first: seen, retried before its first byte, and paid for. All of
     * them together have one deadline, and the tokens that one answer may cost.
     *
     * <pre>
     *   prompt            ──►  "Once upon", CONTINUATION and a token
     *   prompt and token  ──►  " a time.", STOP
     * </pre>
     */
    private static final class ContinuingModel implements TextModel {
        /** Calls for one answer. */
        private static final int MOST_CALLS = 8;

        private final TextModel next;
        private final Scheduler timer;

        ContinuingModel(TextModel next, Scheduler timer) {
            this.next = next;
            this.timer = timer;
        }

        @Override
        public Flux<TextPiece> reply(Prompt prompt, TextModel.Delivery delivery, Duration within, CallAccount account) {
            return Flux.defer(() -> {
                CallDeadline end = CallDeadline.in(within, timer);
                return new Answer(prompt, delivery, end, account).call(1, prompt, null);
            });
        }

        /** One answer in as many calls as it takes. */
        private final class Answer {
            private final Prompt prompt;
            private final TextModel.Delivery delivery;
            private final CallDeadline end;
            private final CallAccount account;

            Answer(Prompt prompt, TextModel.Delivery delivery, CallDeadline end, CallAccount account) {
                this.prompt = prompt;
                this.delivery = delivery;
                this.end = end;
                this.account = account;
            }

            /** @param before what the calls before this one cost together; null when none of them said */
            Flux<TextPiece> call(int number, Prompt asked, @Nullable TokenUsage before) {
                Duration left = end.left();
                return next.reply(asked, delivery, left.isNegative() ? Duration.ZERO : left, account)
                        .concatMap(
                                piece -> switch (piece) {
                                    case TextPiece.Delta delta -> Flux.just(delta);
                                    case TextPiece.End ended ->
                                        ended(number, ended, TokenUsage.sum(before, ended.usage()));
                                },
                                1);
            }

            private Flux<TextPiece> ended(int number, TextPiece.End ended, @Nullable TokenUsage usage) {
                String token = ended.continuation();
                if (token == null) {
                    return Flux.just(new TextPiece.End(ended.model(), usage, ended.finishReason()));
                }
                long tokens = prompt.maxOutputTokens() - (usage == null ? 0 : usage.outputTokens());
                if (number >= MOST_CALLS || tokens <= 0) {
                    return Flux.error(() -> new ProviderException(
                            ProviderFailure.INCOMPLETE,
                            "The provider's answer goes on, and more of it may not be asked for: "
                                    + ended.finishReason()));
                }
                return call(number + 1, prompt.continued(token, tokens), usage);
            }
        }
    }

    /** Cancels an answer that is not complete at its deadline. */
    private static final class DeadlineModel implements TextModel {
        /** So much earlier a last try ends by itself, and is seen to have timed out and not to have been given up. */
        private static final int PARTS_KEPT_BACK = 100;

        private final TextModel next;
        private final Scheduler timer;

        DeadlineModel(TextModel next, Scheduler timer) {
            this.next = next;
            this.timer = timer;
        }

        @Override
        public Flux<TextPiece> reply(Prompt prompt, TextModel.Delivery delivery, Duration within, CallAccount account) {
            Duration inside = within.minus(within.dividedBy(PARTS_KEPT_BACK));
            Mono<Void> end = Mono.delay(within, timer).then(Mono.error(() -> late(within)));
            return next.reply(prompt, delivery, inside, account).takeUntilOther(end);
        }

        private static ProviderException late(Duration within) {
            return new ProviderException(
                    ProviderFailure.TIMED_OUT, "The answer was not complete within " + DurationWords.of(within) + ".");
        }
    }

    /**
     * How long one try may take, and when it is retried.
     *
     * @param tryTimeout what the first try is given before a second one is made, which is only done while more than
     *     half of that is left; a try that no other can follow has all the time that is left
     * @param retryPause before the second try
     */
    public record TryPolicy(Duration tryTimeout, Duration retryPause) {

        /** No second try starts that long after the first or later, when both may take {@code within}. */
        Duration lastRetry(Duration within) {
            return within.minus(tryTimeout.dividedBy(2));
        }

        /** Whether a second try can follow a first one that takes all its time. */
        boolean allowsTwo(Duration within) {
            return tryTimeout.plus(retryPause).compareTo(lastRetry(within)) < 0;
        }

        RetryPolicy retry() {
            return new RetryPolicy(1, new Backoff(retryPause, Backoff.Jitter.NONE));
        }
    }
}
