package dev.sluice.gateway.outbound.ai.text;

import dev.sluice.gateway.contract.trace.TraceSpan;
import dev.sluice.gateway.outbound.http.ApiKey;
import dev.sluice.gateway.outbound.http.ProviderClient;
import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.zipstream.ByteStreams;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import java.net.URI;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.MediaType;
import org.springframework.util.unit.DataSize;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.netty.resources.LoopResources;
import tools.jackson.databind.json.JsonMapper;

/**
 * Gemini's REST API: each {@code reply} is one try. Nothing of a client's request but the prompt goes out, no cookie is
 * kept, no redirect followed. Closing it closes its connections; the event loops belong to somebody else.
 */
public final class GeminiModel implements TextModel, AutoCloseable {
    private final Settings settings;
    private final GeminiJson json;
    private final Scheduler timer;
    private final ProviderClient http;
    private final TraceSpan.Operation operation;
    private final Map<TextModel.Delivery, URI> methods = new EnumMap<>(TextModel.Delivery.class);

    /**
     * A client with connections of its own.
     *
     * @param loops the event loops to run on
     * @param timer for the bounds of a try
     */
    public GeminiModel(Settings settings, LoopResources loops, JsonMapper mapper, Scheduler timer) {
        this.settings = settings;
        this.operation = new TraceSpan.Operation("chat " + settings.model(), SpanKind.CLIENT, GeminiModel::code);
        this.json = new GeminiJson(mapper, settings.apiKey());
        this.timer = timer;
        for (TextModel.Delivery delivery : TextModel.Delivery.values()) {
            methods.put(delivery, settings.method(delivery));
        }
        this.http = new ProviderClient(bounds(settings), List.of(settings.baseUrl()), loops);
    }

    @Override
    public Flux<TextPiece> reply(Prompt prompt, TextModel.Delivery delivery, Duration within, CallAccount account) {
        return TraceSpan.flux(operation, span -> {
            Flux<TextPiece> pieces = new Call(http.client(), settings, json, timer)
                    .pieces(
                            Objects.requireNonNull(methods.get(delivery)),
                            json.write(prompt),
                            delivery,
                            within,
                            account);
            return span.isRecorded() ? traced(span, pieces) : pieces;
        });
    }

    private Flux<TextPiece> traced(TraceSpan span, Flux<TextPiece> pieces) {
        span.set(GenAi.OPERATION, "chat").set(GenAi.PROVIDER, "gcp.gemini").set(GenAi.REQUEST_MODEL, settings.model());
        return pieces.doOnNext(piece -> {
            if (piece instanceof TextPiece.End end) {
                span.set(GenAi.RESPONSE_MODEL, end.model());
                TokenUsage usage = end.usage();
                if (usage != null) {
                    span.set(GenAi.INPUT_TOKENS, usage.promptTokens()).set(GenAi.OUTPUT_TOKENS, usage.outputTokens());
                }
            }
        });
    }

    private static String code(Throwable failure) {
        return failure instanceof ProviderException known ? known.failure().code() : "unexpected";
    }

    /** The attributes of a call to a model. */
    private static final class GenAi {
        static final AttributeKey<String> OPERATION = AttributeKey.stringKey("gen_ai.operation.name");
        static final AttributeKey<String> PROVIDER = AttributeKey.stringKey("gen_ai.provider.name");
        static final AttributeKey<String> REQUEST_MODEL = AttributeKey.stringKey("gen_ai.request.model");
        static final AttributeKey<String> RESPONSE_MODEL = AttributeKey.stringKey("gen_ai.response.model");
        static final AttributeKey<Long> INPUT_TOKENS = AttributeKey.longKey("gen_ai.usage.input_tokens");
        static final AttributeKey<Long> OUTPUT_TOKENS = AttributeKey.longKey("gen_ai.usage.output_tokens");

        private GenAi() {}
    }

    private static ProviderClient.Bounds bounds(Settings settings) {
        return new ProviderClient.Bounds(
                "sluice-gemini",
                settings.userAgent(),
                settings.connectTimeout(),
                settings.longestSilence(),
                settings.maxAnswer(),
                settings.connections());
    }

    @Override
    public void close() {
        http.close();
    }

    /** One try of one call. What its failures mean depends on whether a byte of an answer had arrived. */
    private static final class Call {
        private final WebClient client;
        private final Settings settings;
        private final GeminiJson json;
        private final Scheduler timer;
        private final AtomicReference<CallAccount.Cost> cost = new AtomicReference<>(CallAccount.Cost.IGNORED);
        private volatile boolean arrived;

        Call(WebClient client, Settings settings, GeminiJson json, Scheduler timer) {
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
        Flux<TextPiece> pieces(
                URI method, byte[] body, TextModel.Delivery delivery, Duration within, CallAccount account) {
            return client.post()
                    .uri(method)
                    .header("x-goog-api-key", settings.apiKey().value())
                    .contentType(MediaType.APPLICATION_JSON)
                    .accept(
                            delivery == TextModel.Delivery.WHOLE
                                    ? MediaType.APPLICATION_JSON
                                    : MediaType.TEXT_EVENT_STREAM)
                    .httpRequest(request -> begin(account))
                    .bodyValue(body)
                    .exchangeToFlux(response -> read(response, delivery))
                    .timeout(
                            // One that has begun cannot be asked for again, so nothing is won by giving it up.
                            Mono.delay(within, timer).filter(late -> !arrived).switchIfEmpty(Mono.never()),
                            // Of one that comes whole nothing follows.
                            piece -> delivery == TextModel.Delivery.STREAMED
                                    ? Mono.delay(settings.idleTimeout(), timer)
                                    : Mono.never(),
                            Flux.error(this::timedOut))
                    .onErrorMap(this::failure);
        }

        /** Twice where a connection that was kept turns out to be closed: its request was never read. */
        private void begin(CallAccount account) {
            cost.getAndSet(account.begin()).nothing();
        }

        private Flux<TextPiece> read(ClientResponse response, TextModel.Delivery delivery) {
            int status = response.statusCode().value();
            if (status != 200) {
                cost.get().nothing();
                return bytes(capped(response))
                        .onErrorReturn(new byte[0])
                        .flatMapMany(body -> Flux.error(
                                json.refusal(status, response.headers().asHttpHeaders(), body)));
            }
            GeminiJson.Answer answer = new GeminiJson.Answer(json, settings.model());
            ClientResponse noticed = capped(response)
                    .mutate()
                    .body(body -> body.doOnNext(buffer -> arrived = true))
                    .build();
            Flux<byte[]> chunks =
                    delivery == TextModel.Delivery.WHOLE ? bytes(noticed).flux() : events(noticed);
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
            return response.mutate()
                    .body(body -> ByteStreams.capped(body, most))
                    .build();
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
                        .thenMany(
                                Flux.error(() -> json.reader().brokenResponse("The provider does not stream.", null)));
            }
            return response.bodyToFlux(DataBuffer.class).transform(ServerSentEvents::of);
        }

        private ProviderException timedOut() {
            return arrived ? json.reader().stalled() : json.reader().timedOut();
        }

        private ProviderException failure(Throwable error) {
            return arrived ? json.reader().withinResponse(error) : json.reader().beforeResponse(error);
        }
    }

    /**
     * Where Gemini is, and the bounds of a call.
     *
     * @param baseUrl scheme, host, port and path in front of the version, without a slash at the end
     * @param apiVersion for example {@code v1}
     * @param model the model's name
     * @param apiKey sent as {@code x-goog-api-key}, nowhere else
     * @param userAgent sent as {@code User-Agent}
     * @param connectTimeout for a connection of the pool, then for TCP, then for the TLS handshake
     * @param longestSilence of a connection that waits for an answer or for its next byte
     * @param idleTimeout between two texts of a streamed answer
     * @param maxAnswer largest answer, in bytes of JSON
     * @param connections open at one time; four times as many calls may wait for one
     */
    public record Settings(
            URI baseUrl,
            String apiVersion,
            String model,
            ApiKey apiKey,
            String userAgent,
            Duration connectTimeout,
            Duration longestSilence,
            Duration idleTimeout,
            DataSize maxAnswer,
            int connections) {

        URI method(TextModel.Delivery delivery) {
            String method = switch (delivery) {
                case WHOLE -> ":generateContent";
                case STREAMED -> ":streamGenerateContent?alt=sse";
            };
            return URI.create(baseUrl + "/" + apiVersion + "/models/" + model + method);
        }
    }
}
