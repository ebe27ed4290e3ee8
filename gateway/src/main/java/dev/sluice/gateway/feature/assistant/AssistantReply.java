package dev.sluice.gateway.feature.assistant;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.ai.text.CallAccount;
import dev.sluice.gateway.outbound.ai.text.Prompt;
import dev.sluice.gateway.outbound.ai.text.TextModel;
import dev.sluice.gateway.outbound.ai.text.TextPiece;
import dev.sluice.gateway.outbound.http.ProviderException;
import java.time.Duration;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The use case: a prompt in, the model's words out. Knows nothing of HTTP. Fails with {@link GatewayException}. */
final class AssistantReply {
    private final TextModel model;
    private final Duration deadline;

    /** @param deadline for one answer */
    AssistantReply(TextModel model, Duration deadline) {
        this.model = model;
        this.deadline = deadline;
    }

    /**
     * The whole answer; {@code account} learns what it costs. If it is not whole, what there is of it is a member of
     * the problem: it is paid for.
     */
    Mono<AssistantAnswer> whole(Prompt prompt, CallAccount account) {
        return Mono.defer(() -> {
            StringBuilder text = new StringBuilder();
            return model.reply(prompt, TextModel.Delivery.WHOLE, deadline, account)
                    .doOnNext(piece -> {
                        if (piece instanceof TextPiece.Delta delta) {
                            text.append(delta.text());
                        }
                    })
                    .last()
                    .map(end -> AssistantAnswer.of(text.toString(), end))
                    .onErrorMap(ProviderException.class, failure -> problem(failure, text.toString()));
        });
    }

    private static GatewayException problem(ProviderException failure, String text) {
        GatewayException problem = failure.problem();
        return problem.code() == ProblemCode.ANSWER_INCOMPLETE ? problem.with("text", text) : problem;
    }

    /** The answer as it is written; {@code account} learns what it costs. */
    Flux<TextPiece> streamed(Prompt prompt, CallAccount account) {
        return model.reply(prompt, TextModel.Delivery.STREAMED, deadline, account)
                .onErrorMap(ProviderException.class, ProviderException::problem);
    }
}
