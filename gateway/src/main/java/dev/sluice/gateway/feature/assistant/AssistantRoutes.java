package dev.sluice.gateway.feature.assistant;

import dev.sluice.gateway.contract.Access;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.Spent;
import dev.sluice.gateway.contract.StreamedBody;
import dev.sluice.gateway.outbound.provider.Prompt;
import java.util.Comparator;
import java.util.List;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.util.unit.DataSize;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/** The assistant over HTTP: JSON, or events for a caller that prefers them. */
final class AssistantRoutes implements FeatureRoutes {
    private static final List<MediaType> PRODUCED = List.of(MediaType.APPLICATION_JSON, MediaType.TEXT_EVENT_STREAM);

    private final AssistantReply reply;
    private final DataSize maxBody;
    private final int maxOutputTokens;

    AssistantRoutes(AssistantReply reply, DataSize maxBody, int maxOutputTokens) {
        this.reply = reply;
        this.maxBody = maxBody;
        this.maxOutputTokens = maxOutputTokens;
    }

    @Override
    public List<Endpoint> endpoints() {
        return List.of(Endpoint.postJson("ai.proxy", "/api/ai/proxy", maxBody, PRODUCED, this::ask)
                .openTo(Access.ANONYMOUS));
    }

    private Mono<ServerResponse> ask(ServerRequest request) {
        Spent spent = Spent.of(request.exchange());
        spent.add(Spent.CALLS, 0);
        Runnable called = () -> spent.add(Spent.CALLS, 1);
        return request.bodyToMono(AssistantRequest.class)
                .switchIfEmpty(Mono.error(() -> GatewayException.badMember(
                        ProblemCode.MALFORMED_REQUEST, "body", "nothing", "a JSON object with a message")))
                .map(wanted -> wanted.prompt(maxOutputTokens))
                .flatMap(prompt -> wantsEvents(request) ? events(request, prompt, called) : whole(prompt, called));
    }

    private Mono<ServerResponse> whole(Prompt prompt, Runnable called) {
        return reply.whole(prompt, called)
                .flatMap(answer -> ServerResponse.ok()
                        .contentType(MediaType.APPLICATION_JSON)
                        .header(HttpHeaders.CACHE_CONTROL, "no-store")
                        .bodyValue(answer));
    }

    private Mono<ServerResponse> events(ServerRequest request, Prompt prompt, Runnable called) {
        String requestId =
                String.valueOf(request.exchange().getResponse().getHeaders().getFirst("X-Request-Id"));
        return ServerResponse.ok()
                .body(StreamedBody.events(AssistantEvents.of(reply.streamed(prompt, called), requestId)));
    }

    /** What the caller prefers by quality, then by order; JSON where it does not care. */
    private static boolean wantsEvents(ServerRequest request) {
        return request.headers().accept().stream()
                .sorted(Comparator.comparingDouble(MediaType::getQualityValue).reversed())
                .flatMap(accepted -> PRODUCED.stream().filter(accepted::isCompatibleWith))
                .findFirst()
                .filter(MediaType.TEXT_EVENT_STREAM::equals)
                .isPresent();
    }
}
