package dev.sluice.gateway.outbound.ai.text;

import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;

/**
 * What can be seen of tries.
 *
 * <ul>
 *   <li>{@code sluice.ai.calls}: tries by {@code outcome}: ok, cancelled, or the code of a {@link ProviderFailure}
 *   <li>{@code sluice.ai.call}: time of each try, to the end of its answer
 *   <li>{@code sluice.ai.tokens}: by {@code direction}, prompt or output, of answers that came to their end
 * </ul>
 */
final class MeteredModel implements TextModel {
    private static final Logger LOG = LoggerFactory.getLogger(MeteredModel.class);

    private final TextModel next;
    private final MeterRegistry meters;
    private final Timer time;
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
    public Flux<TextPiece> reply(Prompt prompt, Delivery delivery, Duration within, CallAccount account) {
        return Flux.defer(() -> {
            Timer.Sample sample = Timer.start(meters);
            AtomicReference<String> outcome = new AtomicReference<>("cancelled");
            return next.reply(prompt, delivery, within, account)
                    .doOnNext(this::count)
                    .doOnComplete(() -> outcome.set("ok"))
                    .doOnError(failure -> outcome.set(code(failure)))
                    .doFinally(end -> {
                        sample.stop(time);
                        calls(outcome.get()).increment();
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
