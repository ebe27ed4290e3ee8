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

/** One try of one call that answers with a small JSON object. For one subscription. */
public final class JsonCall {
    private final WebClient.RequestHeadersSpec<?> request;
    private final ResponseReader reader;
    private final Refusals refusals;
    private final DataSize maxAnswer;
    private volatile boolean sent;
    private volatile boolean arrived;

    /** What an answer with a status that is not the hoped-for one means. */
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
    public Mono<JsonNode> answer(Duration timeout, Scheduler timer) {
        return tried(reader::tree, timeout, timer);
    }

    /** The same for an answer whose status says it all: its body may be anything, within its bound, and is dropped. */
    public Mono<Void> accepted(Duration timeout, Scheduler timer) {
        return tried(Function.identity(), timeout, timer).then();
    }

    private <T> Mono<T> tried(Function<byte[], T> meaning, Duration timeout, Scheduler timer) {
        return request.httpRequest(out -> sent = true)
                .exchangeToMono(response -> read(response, meaning))
                .timeout(timeout, Mono.error(() -> arrived ? reader.stalled() : reader.late()), timer)
                .onErrorMap(error -> arrived ? reader.withinAnswer(error) : reader.beforeAnswer(error));
    }

    /**
     * The same for a call that costs something each time: {@code UNCERTAIN} when the request may have been carried out
     * though no answer came, so that nobody repeats it.
     */
    public Mono<JsonNode> costlyAnswer(Duration timeout, Scheduler timer) {
        return answer(timeout, timer).onErrorMap(ProviderException.class, this::uncertain);
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
            return reader.tree(body);
        } catch (ProviderException illegible) {
            return MissingNode.getInstance();
        }
    }
}
