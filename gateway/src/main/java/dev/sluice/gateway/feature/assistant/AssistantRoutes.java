package dev.sluice.gateway.feature.assistant;

import dev.sluice.gateway.contract.Access;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.contract.RequestUsage;
import dev.sluice.gateway.contract.http.StreamedBody;
import dev.sluice.gateway.outbound.ai.text.CallAccount;
import dev.sluice.gateway.outbound.ai.text.Prompt;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.util.unit.DataSize;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/** The assistant over HTTP: JSON, or events for a caller that prefers them. */
final class AssistantRoutes implements FeatureRoutes {
    private static final List<MediaType> PRODUCED = List.of(MediaType.APPLICATION_JSON, MediaType.TEXT_EVENT_STREAM);

    private static final String ASKED = Asked.class.getName();

    private final AssistantReply reply;
    private final DataSize maxBody;
    private final int maxOutputTokens;

    /** What is asked, and the tokens that one call of it costs at most. */
    private record Asked(Prompt prompt, long estimate) {}

    AssistantRoutes(AssistantReply reply, DataSize maxBody, int maxOutputTokens) {
        this.reply = reply;
        this.maxBody = maxBody;
        this.maxOutputTokens = maxOutputTokens;
    }

    @Override
    public List<Endpoint> endpoints() {
        return List.of(Endpoint.postJson("ai.proxy", "/api/ai/proxy", maxBody, PRODUCED, this::ask)
                .openTo(Access.ANONYMOUS)
                .reserving(this::estimate));
    }

    /** Reads the body, once: what is wrong with it is told when the request has been counted. */
    private Mono<Map<String, Long>> estimate(ServerRequest request) {
        return asked(request)
                .map(asked -> {
                    request.exchange().getAttributes().put(ASKED, asked);
                    return Map.of(RequestUsage.TOKENS, asked.estimate());
                })
                .onErrorResume(illegible -> Mono.just(Map.of()));
    }

    private Mono<Asked> asked(ServerRequest request) {
        return request.bodyToMono(AssistantRequest.class)
                .switchIfEmpty(Mono.error(() -> GatewayException.badMember(
                        ProblemCode.MALFORMED_REQUEST, "body", "nothing", "a JSON object with a message")))
                .map(wanted -> wanted.prompt(maxOutputTokens))
                .map(prompt -> new Asked(prompt, TokenEstimate.of(prompt)));
    }

    private Mono<ServerResponse> ask(ServerRequest request) {
        RequestUsage usage = RequestContext.of(request.exchange()).usage();
        usage.add(RequestUsage.CALLS, 0);
        usage.add(RequestUsage.TOKENS, 0);
        Asked known = (Asked) request.exchange().getAttributes().get(ASKED);
        return (known == null ? asked(request) : Mono.just(known)).flatMap(asked -> {
            TokenAccount account = new TokenAccount(usage, asked.estimate());
            return wantsEvents(request) ? events(request, asked.prompt(), account) : whole(asked.prompt(), account);
        });
    }

    private Mono<ServerResponse> whole(Prompt prompt, CallAccount account) {
        return reply.whole(prompt, account)
                .flatMap(answer -> ServerResponse.ok()
                        .contentType(MediaType.APPLICATION_JSON)
                        .header(HttpHeaders.CACHE_CONTROL, "no-store")
                        .bodyValue(answer));
    }

    private Mono<ServerResponse> events(ServerRequest request, Prompt prompt, CallAccount account) {
        String requestId =
                String.valueOf(request.exchange().getResponse().getHeaders().getFirst("X-Request-Id"));
        return ServerResponse.ok()
                .body(StreamedBody.events(AssistantEvents.of(reply.streamed(prompt, account), requestId)));
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
