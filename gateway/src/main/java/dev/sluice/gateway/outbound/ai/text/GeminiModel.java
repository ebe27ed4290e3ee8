package dev.sluice.gateway.outbound.ai.text;

import dev.sluice.gateway.outbound.http.ProviderClient;
import java.time.Duration;
import java.util.List;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;
import reactor.netty.resources.LoopResources;
import tools.jackson.databind.json.JsonMapper;

/**
 * Gemini's REST API: each {@code reply} is one try. Nothing of a client's request but the prompt goes out, no cookie is
 * kept, no redirect followed. Closing it closes its connections; the event loops belong to somebody else.
 */
public final class GeminiModel implements TextModel, AutoCloseable {
    private final GeminiSettings settings;
    private final GeminiJson json;
    private final Scheduler timer;
    private final ProviderClient http;

    /**
     * A client with connections of its own.
     *
     * @param loops the event loops to run on
     * @param timer for the bounds of a try
     */
    public GeminiModel(GeminiSettings settings, LoopResources loops, JsonMapper mapper, Scheduler timer) {
        this.settings = settings;
        this.json = new GeminiJson(mapper, settings.apiKey());
        this.timer = timer;
        this.http = new ProviderClient(bounds(settings), List.of(settings.baseUrl()), loops);
    }

    @Override
    public Flux<TextPiece> reply(Prompt prompt, Delivery delivery, Duration within, CallAccount account) {
        return Flux.defer(() -> new GeminiTry(http.client(), settings, json, timer)
                .pieces(json.write(prompt), delivery, within, account));
    }

    private static ProviderClient.Bounds bounds(GeminiSettings settings) {
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
}
