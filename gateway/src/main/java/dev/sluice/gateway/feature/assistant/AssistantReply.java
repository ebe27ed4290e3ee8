package dev.sluice.gateway.feature.assistant;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.outbound.provider.Delivery;
import dev.sluice.gateway.outbound.provider.Prompt;
import dev.sluice.gateway.outbound.provider.ProviderException;
import dev.sluice.gateway.outbound.provider.TextModel;
import dev.sluice.gateway.outbound.provider.TextPiece;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The use case: a prompt in, the model's words out. Knows nothing of HTTP. Fails with {@link GatewayException}. */
final class AssistantReply {
    private final TextModel model;

    AssistantReply(TextModel model) {
        this.model = model;
    }

    /** The whole answer; {@code called} runs for each call that really goes out. */
    Mono<AssistantAnswer> whole(Prompt prompt, Runnable called) {
        return model.reply(prompt, Delivery.WHOLE, called)
                .collectList()
                .map(AssistantAnswer::of)
                .onErrorMap(ProviderException.class, ProviderException::problem);
    }

    /** The answer as it is written; {@code called} runs for each call that really goes out. */
    Flux<TextPiece> streamed(Prompt prompt, Runnable called) {
        return model.reply(prompt, Delivery.STREAMED, called)
                .onErrorMap(ProviderException.class, ProviderException::problem);
    }
}
