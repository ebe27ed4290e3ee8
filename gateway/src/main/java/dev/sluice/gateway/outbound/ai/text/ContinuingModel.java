package dev.sluice.gateway.outbound.ai.text;

import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;

/**
 * Asks on when the provider stops in the middle because it writes no more in one call, so that the caller sees one
 * answer. Each further call is a call like the first: seen, retried before its first byte, and paid for. All of them
 * together have one deadline, and the tokens that one answer may cost.
 *
 * <pre>
 *   prompt            ──►  "Once upon", CONTINUATION and a token
 *   prompt and token  ──►  " a time.", STOP
 * </pre>
 */
final class ContinuingModel implements TextModel {
    /** Calls for one answer. */
    private static final int MOST_CALLS = 8;

    private final TextModel next;
    private final Scheduler timer;

    ContinuingModel(TextModel next, Scheduler timer) {
        this.next = next;
        this.timer = timer;
    }

    @Override
    public Flux<TextPiece> reply(Prompt prompt, Delivery delivery, Duration within, CallAccount account) {
        return Flux.defer(() -> {
            long end = timer.now(TimeUnit.NANOSECONDS) + within.toNanos();
            return new Answer(prompt, delivery, end, account).call(1, prompt, null);
        });
    }

    /** One answer in as many calls as it takes. */
    private final class Answer {
        private final Prompt prompt;
        private final Delivery delivery;
        private final long end;
        private final CallAccount account;

        Answer(Prompt prompt, Delivery delivery, long end, CallAccount account) {
            this.prompt = prompt;
            this.delivery = delivery;
            this.end = end;
            this.account = account;
        }

        /** @param before what the calls before this one cost together; null when none of them said */
        Flux<TextPiece> call(int number, Prompt asked, @Nullable Usage before) {
            Duration left = Duration.ofNanos(Math.max(0, end - timer.now(TimeUnit.NANOSECONDS)));
            return next.reply(asked, delivery, left, account)
                    .concatMap(
                            piece -> switch (piece) {
                                case TextPiece.Delta delta -> Flux.just(delta);
                                case TextPiece.End ended -> ended(number, ended, Usage.sum(before, ended.usage()));
                            },
                            1);
        }

        private Flux<TextPiece> ended(int number, TextPiece.End ended, @Nullable Usage usage) {
            String token = ended.continuation();
            if (token == null) {
                return Flux.just(new TextPiece.End(ended.model(), usage, ended.finishReason()));
            }
            long tokens = prompt.maxOutputTokens() - (usage == null ? 0 : usage.outputTokens());
            if (number >= MOST_CALLS || tokens <= 0) {
                return Flux.error(() -> new ProviderException(
                        ProviderFailure.INCOMPLETE,
                        "The provider's answer goes on, and more of it may not be asked for: " + ended.finishReason()));
            }
            return call(number + 1, prompt.continued(token, tokens), usage);
        }
    }
}
