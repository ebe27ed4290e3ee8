package dev.sluice.gateway.outbound.http;

import dev.sluice.zipstream.ByteStreams;
import java.time.Duration;
import java.util.function.Function;
import org.springframework.http.HttpHeaders;
import org.springframework.util.unit.DataSize;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/** One try of a call whose response is a small JSON object. Subscribed to once. */
public final class JsonCall {
    private final WebClient.RequestHeadersSpec<?> request;
    private final ResponseReader reader;
    private final Refusals refusals;
    private final DataSize maxAnswer;
    private volatile boolean sent;
    private volatile boolean arrived;

    /** The failure that an unexpected status means. */
    @FunctionalInterface
    public interface Refusals {
        /**
         * The failure.
         *
         * @param error the answer's object, or a missing node when it is none
         */
        ProviderException of(int status, HttpHeaders headers, JsonNode error);
    }

    public JsonCall(WebClient.RequestHeadersSpec<?> request, ResponseReader reader, DataSize maxAnswer) {
        this(request, reader, reader::refusal, maxAnswer);
    }

    /** @param refusals of a provider whose answers mean more than their statuses say */
    public JsonCall(
            WebClient.RequestHeadersSpec<?> request, ResponseReader reader, Refusals refusals, DataSize maxAnswer) {
        this.request = request;
        this.reader = reader;
        this.refusals = refusals;
        this.maxAnswer = maxAnswer;
    }

    /**
     * The object, whole. Fails with {@link ProviderException} alone.
     *
     * @param timeout from the subscription to the answer's last byte
     */
    public Mono<JsonNode> json(Duration timeout, Scheduler timer) {
        return tried(reader::jsonObject, timeout, timer);
    }

    /** For a response whose status says enough: its body is discarded, within the same bound. */
    public Mono<Void> withoutBody(Duration timeout, Scheduler timer) {
        return tried(Function.identity(), timeout, timer).then();
    }

    private <T> Mono<T> tried(Function<byte[], T> meaning, Duration timeout, Scheduler timer) {
        return request.httpRequest(out -> sent = true)
                .exchangeToMono(response -> read(response, meaning))
                .timeout(timeout, Mono.error(() -> arrived ? reader.stalled() : reader.timedOut()), timer)
                .onErrorMap(error -> arrived ? reader.withinResponse(error) : reader.beforeResponse(error));
    }

    /**
     * For a call that is not idempotent: {@code UNCERTAIN} when the request may have been carried out though no
     * response came, so that it is not retried.
     */
    public Mono<JsonNode> nonIdempotent(Duration timeout, Scheduler timer) {
        return json(timeout, timer).onErrorMap(ProviderException.class, this::uncertain);
    }

    private ProviderException uncertain(ProviderException failure) {
        return switch (failure.failure()) {
            case UNREACHABLE, TIMED_OUT ->
                sent
                        ? new ProviderException(
                                ProviderFailure.UNCERTAIN,
                                failure.getMessage() + " Whether the request was carried out is not known.",
                                null,
                                failure.reason())
                        : failure;
            default -> failure;
        };
    }

    private <T> Mono<T> read(ClientResponse response, Function<byte[], T> meaning) {
        arrived = true;
        Mono<byte[]> body = response.mutate()
                .body(bytes -> ByteStreams.capped(bytes, maxAnswer.toBytes()))
                .build()
                .bodyToMono(byte[].class)
                .defaultIfEmpty(new byte[0]);
        if (response.statusCode().is2xxSuccessful()) {
            return body.map(meaning);
        }
        int status = response.statusCode().value();
        HttpHeaders headers = response.headers().asHttpHeaders();
        return body.onErrorReturn(new byte[0])
                .flatMap(bytes -> Mono.error(() -> refusals.of(status, headers, errorIn(bytes))));
    }

    private JsonNode errorIn(byte[] body) {
        try {
            return reader.jsonObject(body);
        } catch (ProviderException illegible) {
            return MissingNode.getInstance();
        }
    }
}
