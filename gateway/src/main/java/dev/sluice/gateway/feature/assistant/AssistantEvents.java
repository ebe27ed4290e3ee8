package dev.sluice.gateway.feature.assistant;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.ai.text.TextPiece;
import dev.sluice.gateway.outbound.ai.text.TokenUsage;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.codec.ServerSentEvent;
import reactor.core.publisher.Flux;

/**
 * An answer as server-sent events:
 *
 * <pre>
 *   event: text    {"text": "…"}                              any number of times
 *   event: done    {"model", "usage", "finishReason"}         once, the last; or
 *   event: error   {"code", "error", "detail"}                once, the last
 * </pre>
 *
 * A stream that ends with neither was cut.
 */
final class AssistantEvents {
    private static final Logger LOG = LoggerFactory.getLogger(AssistantEvents.class);

    /** Text that follows what came before. */
    record Text(String text) {}

    /** The answer is complete; see {@link AssistantAnswer} for the members. */
    record Done(String model, @Nullable TokenUsage usage, String finishReason) {}

    /** The answer ends here though it is not complete; the members are those of a problem. */
    record Failed(String code, String error, String detail) {}

    private AssistantEvents() {}

    /**
     * The events of one answer. Fails itself only before the first: then the status line is not out yet, and there is
     * still a problem to answer with.
     *
     * @param requestId finds the request in the log
     */
    static Flux<ServerSentEvent<Object>> of(Flux<TextPiece> pieces, String requestId) {
        return Flux.defer(() -> {
            AtomicBoolean begun = new AtomicBoolean();
            return pieces.map(AssistantEvents::event)
                    .doOnNext(event -> begun.set(true))
                    .onErrorResume(
                            failure -> begun.get() ? Flux.just(failed(failure, requestId)) : Flux.error(failure));
        });
    }

    private static ServerSentEvent<Object> event(TextPiece piece) {
        return switch (piece) {
            case TextPiece.Delta delta -> event("text", new Text(delta.text()));
            case TextPiece.End end -> event("done", new Done(end.model(), end.usage(), end.finishReason()));
        };
    }

    private static ServerSentEvent<Object> failed(Throwable failure, String requestId) {
        if (failure instanceof GatewayException problem) {
            LOG.info("answer ended early {} requestId={}: {}", problem.code().code(), requestId, problem.detail());
            return failed(problem.code(), problem.detail());
        }
        LOG.error("answer ended early requestId={}", requestId, failure);
        return failed(ProblemCode.INTERNAL_ERROR, "The gateway failed; its log knows the request by its id.");
    }

    private static ServerSentEvent<Object> failed(ProblemCode code, String detail) {
        return event("error", new Failed(code.code(), code.code(), detail));
    }

    private static ServerSentEvent<Object> event(String name, Object data) {
        return ServerSentEvent.builder(data).event(name).build();
    }
}
