package dev.sluice.gateway.inbound.identity;

import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.client.ClientRequest;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.ExchangeFilterFunction;
import org.springframework.web.reactive.function.client.ExchangeFunction;
import reactor.core.publisher.Mono;

/**
 * Asks the issuer at most once in a while, and once for all that wait. A token may name any key, and each unknown one
 * is looked up: without this, strangers' tokens would make one outbound request each.
 */
final class CoalescingCache implements ExchangeFilterFunction {
    /** How long a new key of the issuer may stay unknown. */
    private static final Duration TTL = Duration.ofSeconds(10);

    private static final Duration FAILURE_TTL = Duration.ofSeconds(1);

    private record Answer(HttpStatusCode status, MediaType type, String body) {

        ClientResponse response() {
            return ClientResponse.create(status)
                    .header(HttpHeaders.CONTENT_TYPE, type.toString())
                    .body(body)
                    .build();
        }
    }

    /** By URL: the operator's and the two that the issuer's own metadata name. */
    private final Map<URI, Mono<Answer>> answers = new ConcurrentHashMap<>();

    @Override
    public Mono<ClientResponse> filter(ClientRequest request, ExchangeFunction next) {
        return answers.computeIfAbsent(request.url(), url -> asked(request, next))
                .map(Answer::response);
    }

    private static Mono<Answer> asked(ClientRequest request, ExchangeFunction next) {
        return next.exchange(request)
                .flatMap(response -> response.bodyToMono(String.class)
                        .defaultIfEmpty("")
                        .map(body -> new Answer(
                                response.statusCode(),
                                response.headers().contentType().orElse(MediaType.APPLICATION_JSON),
                                body)))
                .cache(
                        answer -> answer.status().is2xxSuccessful() ? TTL : FAILURE_TTL,
                        failure -> FAILURE_TTL,
                        () -> FAILURE_TTL);
    }
}
