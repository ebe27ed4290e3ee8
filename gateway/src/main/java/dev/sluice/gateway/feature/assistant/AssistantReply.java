package dev.sluice.gateway.feature.assistant;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.provider.Delivery;
import dev.sluice.gateway.outbound.provider.Prompt;
import dev.sluice.gateway.outbound.provider.ProviderException;
import dev.sluice.gateway.outbound.provider.TextModel;
import dev.sluice.gateway.outbound.provider.TextPiece;
import java.time.Duration;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The use case: a prompt in, the model's words out. Knows nothing of HTTP. Fails with {@link GatewayException}. */
final class AssistantReply {
    private static final Duration SHORT_WAIT = Duration.ofSeconds(1);

    private final TextModel model;

    AssistantReply(TextModel model) {
        this.model = model;
    }

    /** The whole answer; {@code called} runs for each call that really goes out. */
    Mono<AssistantAnswer> whole(Prompt prompt, Runnable called) {
        return model.reply(prompt, Delivery.WHOLE, called)
                .collectList()
                .map(AssistantAnswer::of)
                .onErrorMap(ProviderException.class, AssistantReply::problem);
    }

    /** The answer as it is written; {@code called} runs for each call that really goes out. */
    Flux<TextPiece> streamed(Prompt prompt, Runnable called) {
        return model.reply(prompt, Delivery.STREAMED, called)
                .onErrorMap(ProviderException.class, AssistantReply::problem);
    }

    private static GatewayException problem(ProviderException failure) {
        ProblemCode code = switch (failure.failure()) {
            case NOT_CONFIGURED -> ProblemCode.PROVIDER_NOT_CONFIGURED;
            case OVERLOADED -> ProblemCode.OVERLOADED;
            case TIMED_OUT, STALLED, UNCERTAIN -> ProblemCode.UPSTREAM_TIMEOUT;
            case BUSY -> ProblemCode.PROVIDER_BUSY;
            case BLOCKED -> ProblemCode.PROMPT_REJECTED;
            case UNREACHABLE, SERVER_ERROR, REFUSED, FAILED, BROKEN_ANSWER -> ProblemCode.UPSTREAM_FAILED;
        };
        GatewayException problem = new GatewayException(code, String.valueOf(failure.getMessage()), failure);
        Duration retryAfter = code == ProblemCode.OVERLOADED ? SHORT_WAIT : failure.retryAfter();
        return retryAfter == null ? problem : problem.retryAfter(retryAfter);
    }
}
