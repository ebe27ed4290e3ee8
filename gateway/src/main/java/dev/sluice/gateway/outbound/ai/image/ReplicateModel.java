package dev.sluice.gateway.outbound.ai.image;

import dev.sluice.gateway.outbound.http.JsonCall;
import dev.sluice.gateway.outbound.http.ProviderClient;
import java.time.Duration;
import java.util.List;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.netty.resources.LoopResources;
import tools.jackson.databind.json.JsonMapper;

/**
 * Replicate's HTTP API, each call one try. It is asked by id at the configured URL; the URLs in its answers lead
 * nowhere. Nothing of a client's request but the prompt goes out, no cookie is kept, no redirect followed. Closing it
 * closes its connections; the event loops belong to somebody else.
 */
public final class ReplicateModel implements ImageProvider, AutoCloseable {
    /** Replicate takes no shorter time. */
    private static final long SHORTEST_LIFE_SECONDS = 5;

    private final ReplicateSettings settings;
    private final ReplicateJson json;
    private final Scheduler timer;
    private final ProviderClient http;

    /**
     * A client with connections of its own.
     *
     * @param loops the event loops to run on
     * @param timer for the bounds of a try
     */
    public ReplicateModel(ReplicateSettings settings, LoopResources loops, JsonMapper mapper, Scheduler timer) {
        this.settings = settings;
        this.json = new ReplicateJson(mapper, settings);
        this.timer = timer;
        ProviderClient.Bounds bounds = new ProviderClient.Bounds(
                "sluice-replicate",
                settings.userAgent(),
                settings.connectTimeout(),
                settings.tryTimeout(),
                settings.maxAnswer(),
                settings.connections());
        this.http = new ProviderClient(bounds, List.of(settings.baseUrl()), loops);
    }

    @Override
    public String name() {
        return "replicate";
    }

    /** {@code Cancel-After} bounds what a prediction may cost whose asker is gone. */
    @Override
    public Mono<Prediction> create(ImagePrompt prompt, Duration within) {
        return Mono.defer(() -> {
            WebClient.RequestHeadersSpec<?> request = authorized(
                            http.client().post().uri(settings.creation()))
                    .header("Cancel-After", Math.max(SHORTEST_LIFE_SECONDS, within.toSeconds()) + "s")
                    .contentType(MediaType.APPLICATION_JSON)
                    .bodyValue(json.write(prompt));
            return tried(request)
                    .nonIdempotent(settings.tryTimeout(), timer)
                    .map(answer -> json.created(answer, prompt));
        });
    }

    @Override
    public Mono<GeneratedImage> poll(Prediction prediction) {
        return Mono.defer(() -> tried(authorized(http.client().get().uri(settings.prediction(prediction))))
                .json(settings.tryTimeout(), timer)
                .mapNotNull(answer -> json.made(answer, prediction)));
    }

    @Override
    public Mono<Void> cancel(Prediction prediction) {
        return Mono.defer(() -> tried(authorized(http.client().post().uri(settings.cancellation(prediction))))
                .json(settings.tryTimeout(), timer)
                .then());
    }

    private <S extends WebClient.RequestHeadersSpec<?>> S authorized(S request) {
        request.header(
                        HttpHeaders.AUTHORIZATION,
                        "Bearer " + settings.apiToken().value())
                .accept(MediaType.APPLICATION_JSON);
        return request;
    }

    private JsonCall tried(WebClient.RequestHeadersSpec<?> request) {
        return new JsonCall(request, json.reader(), settings.maxAnswer());
    }

    @Override
    public void close() {
        http.close();
    }
}
