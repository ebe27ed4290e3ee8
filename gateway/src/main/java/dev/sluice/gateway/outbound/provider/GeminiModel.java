package dev.sluice.gateway.outbound.provider;

import io.netty.channel.ChannelOption;
import io.netty.handler.ssl.SslContext;
import java.time.Duration;
import javax.net.ssl.SSLException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;
import reactor.netty.http.Http11SslContextSpec;
import reactor.netty.http.HttpProtocol;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.resources.LoopResources;
import tools.jackson.databind.json.JsonMapper;

/**
 * Gemini's REST API: each {@code reply} is one try. Nothing of a client's request but the prompt goes out, no cookie is
 * kept, no redirect followed. Closing it closes its connections; the event loops belong to somebody else.
 */
public final class GeminiModel implements TextModel, AutoCloseable {
    private static final Duration IDLE_CONNECTION = Duration.ofSeconds(30);
    private static final Duration OLDEST_CONNECTION = Duration.ofMinutes(5);
    private static final int WAITING_PER_CONNECTION = 4;

    private final GeminiSettings settings;
    private final GeminiJson json;
    private final Scheduler timer;
    private final ConnectionProvider connections;
    private final WebClient client;

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
        this.connections = pool(settings);
        int maxAnswer = Math.toIntExact(settings.maxAnswer().toBytes());
        this.client = WebClient.builder()
                .clientConnector(new ReactorClientHttpConnector(http(settings, connections, loops)))
                .defaultHeader(HttpHeaders.USER_AGENT, settings.userAgent())
                .codecs(codecs -> codecs.defaultCodecs().maxInMemorySize(maxAnswer))
                .build();
    }

    @Override
    public Flux<TextPiece> reply(Prompt prompt, Delivery delivery, Runnable called) {
        return Flux.defer(
                () -> new GeminiTry(client, settings, json, timer).pieces(json.write(prompt), delivery, called));
    }

    private static ConnectionProvider pool(GeminiSettings settings) {
        return ConnectionProvider.builder("sluice-gemini")
                .maxConnections(settings.connections())
                .pendingAcquireMaxCount(settings.connections() * WAITING_PER_CONNECTION)
                .pendingAcquireTimeout(settings.connectTimeout())
                .maxIdleTime(IDLE_CONNECTION)
                .maxLifeTime(OLDEST_CONNECTION)
                .lifo()
                .evictInBackground(IDLE_CONNECTION)
                .build();
    }

    private static HttpClient http(GeminiSettings settings, ConnectionProvider connections, LoopResources loops) {
        Duration longestSilence = settings.tryTimeout().compareTo(settings.idleTimeout()) > 0
                ? settings.tryTimeout()
                : settings.idleTimeout();
        int connectMillis = Math.toIntExact(settings.connectTimeout().toMillis());
        HttpClient client = HttpClient.create(connections)
                .runOn(loops)
                .protocol(HttpProtocol.HTTP11)
                .followRedirect(false)
                // A second try is counted, and announced; one that the client made by itself would not be.
                .disableRetry(true)
                .compress(false)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, connectMillis)
                .responseTimeout(longestSilence);
        if (!"https".equals(settings.baseUrl().getScheme())) {
            return client;
        }
        SslContext tls = platformTls();
        return client.secure(spec -> spec.sslContext(tls).handshakeTimeout(settings.connectTimeout()));
    }

    private static SslContext platformTls() {
        try {
            return Http11SslContextSpec.forClient().sslContext();
        } catch (SSLException none) {
            throw new IllegalStateException("No TLS for the provider", none);
        }
    }

    @Override
    public void close() {
        connections.dispose();
    }
}
