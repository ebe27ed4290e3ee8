package dev.sluice.gateway.outbound.ai.text;

import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.zipstream.ByteStreams;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** One try of one call. What its failures mean depends on whether a byte of an answer had arrived. */
final class GeminiTry {
    private final WebClient client;
    private final GeminiSettings settings;
    private final GeminiJson json;
    private final Scheduler timer;
    private final AtomicReference<CallAccount.Cost> cost = new AtomicReference<>(CallAccount.Cost.IGNORED);
    private volatile boolean arrived;

    GeminiTry(WebClient client, GeminiSettings settings, GeminiJson json, Scheduler timer) {
        this.client = client;
        this.settings = settings;
        this.json = json;
        this.timer = timer;
    }

    /**
     * The answer, once.
     *
     * @param within for its first byte
     */
    Flux<TextPiece> pieces(byte[] body, Delivery delivery, Duration within, CallAccount account) {
        return client.post()
                .uri(settings.method(delivery))
                .header("x-goog-api-key", settings.apiKey().value())
                .contentType(MediaType.APPLICATION_JSON)
                .accept(delivery == Delivery.WHOLE ? MediaType.APPLICATION_JSON : MediaType.TEXT_EVENT_STREAM)
                .httpRequest(request -> begin(account))
                .bodyValue(body)
                .exchangeToFlux(response -> read(response, delivery))
                .timeout(
                        // One that has begun cannot be asked for again, so nothing is won by giving it up.
                        Mono.delay(within, timer).filter(late -> !arrived).switchIfEmpty(Mono.never()),
                        piece -> Mono.delay(settings.idleTimeout(), timer),
                        Flux.error(this::late))
                .onErrorMap(this::failure);
    }

    /** Twice where a connection that was kept turns out to be closed: its request was never read. */
    private void begin(CallAccount account) {
        cost.getAndSet(account.begin()).nothing();
    }

    private Flux<TextPiece> read(ClientResponse response, Delivery delivery) {
        int status = response.statusCode().value();
        if (status != 200) {
            cost.get().nothing();
            return bytes(capped(response))
                    .onErrorReturn(new byte[0])
                    .flatMapMany(body ->
                            Flux.error(json.refusal(status, response.headers().asHttpHeaders(), body)));
        }
        GeminiAnswer answer = new GeminiAnswer(json, settings.model());
        ClientResponse noticed = capped(response)
                .mutate()
                .body(body -> body.doOnNext(buffer -> arrived = true))
                .build();
        Flux<byte[]> chunks = delivery == Delivery.WHOLE ? bytes(noticed).flux() : events(noticed);
        return chunks.<TextPiece>concatMapIterable(chunk -> answer.next(counted(json.chunk(chunk))), 1)
                .concatWith(Mono.fromSupplier(answer::end));
    }

    private GeminiJson.Chunk counted(GeminiJson.Chunk chunk) {
        if (chunk.usage() != null) {
            cost.get().used(chunk.usage());
        }
        return chunk;
    }

    private ClientResponse capped(ClientResponse response) {
        long most = settings.maxAnswer().toBytes();
        return response.mutate().body(body -> ByteStreams.capped(body, most)).build();
    }

    private static Mono<byte[]> bytes(ClientResponse response) {
        return response.bodyToMono(byte[].class).defaultIfEmpty(new byte[0]);
    }

    private Flux<byte[]> events(ClientResponse response) {
        boolean stream = response.headers()
                .contentType()
                .filter(MediaType.TEXT_EVENT_STREAM::isCompatibleWith)
                .isPresent();
        if (!stream) {
            return response.releaseBody()
                    .thenMany(Flux.error(() -> json.reader().broken("The provider does not stream.", null)));
        }
        return response.bodyToFlux(DataBuffer.class).transform(ServerSentEvents::of);
    }

    private ProviderException late() {
        return arrived ? json.reader().stalled() : json.reader().late();
    }

    private ProviderException failure(Throwable error) {
        return arrived ? json.reader().withinAnswer(error) : json.reader().beforeAnswer(error);
    }
}
