package dev.sluice.gateway.outbound.http;

import io.netty.channel.ChannelOption;
import io.netty.handler.ssl.SslContext;
import java.net.URI;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.util.unit.DataSize;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.netty.http.Http11SslContextSpec;
import reactor.netty.http.HttpProtocol;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.resources.LoopResources;

/**
 * A client with connections of its own, for URLs that the operator configured, or that were judged. No cookie is kept,
 * no redirect followed, nothing sent twice. Closing it closes its connections; the event loops belong to somebody else.
 */
public final class ProviderClient implements AutoCloseable {
    private static final Duration IDLE_CONNECTION = Duration.ofSeconds(30);
    private static final Duration OLDEST_CONNECTION = Duration.ofMinutes(5);
    private static final int WAITING_PER_CONNECTION = 4;

    private final ConnectionProvider connections;
    private final WebClient client;

    /**
     * The bounds of a client.
     *
     * @param name of its connections, in meters
     * @param userAgent sent as {@code User-Agent}
     * @param connectTimeout for a connection of the pool, then for TCP, then for the TLS handshake
     * @param longestSilence of a connection that waits for an answer or for its next byte
     * @param maxAnswer largest answer, in bytes
     * @param connections open at one time; four times as many calls may wait for one
     */
    public record Bounds(
            String name,
            String userAgent,
            Duration connectTimeout,
            Duration longestSilence,
            DataSize maxAnswer,
            int connections) {}

    /** @param baseUrls where it will be used; TLS is set up when one of them is https */
    public ProviderClient(Bounds bounds, Collection<URI> baseUrls, LoopResources loops) {
        this(bounds, baseUrls, loops, UnaryOperator.identity());
    }

    /** @param reach bounds where its connections may lead, when more than the operator chooses the URLs */
    public ProviderClient(
            Bounds bounds, Collection<URI> baseUrls, LoopResources loops, UnaryOperator<HttpClient> reach) {
        this.connections = pool(bounds);
        int maxAnswer = Math.toIntExact(bounds.maxAnswer().toBytes());
        HttpClient http = reach.apply(http(bounds, baseUrls, connections, loops));
        this.client = WebClient.builder()
                .clientConnector(new ReactorClientHttpConnector(http))
                .filter(new TracedCalls())
                .defaultHeader(HttpHeaders.USER_AGENT, bounds.userAgent())
                .codecs(codecs -> codecs.defaultCodecs().maxInMemorySize(maxAnswer))
                .build();
    }

    public WebClient client() {
        return client;
    }

    private static ConnectionProvider pool(Bounds bounds) {
        return ConnectionProvider.builder(bounds.name())
                .maxConnections(bounds.connections())
                .pendingAcquireMaxCount(bounds.connections() * WAITING_PER_CONNECTION)
                .pendingAcquireTimeout(bounds.connectTimeout())
                .maxIdleTime(IDLE_CONNECTION)
                .maxLifeTime(OLDEST_CONNECTION)
                .lifo()
                .evictInBackground(IDLE_CONNECTION)
                .build();
    }

    private static HttpClient http(
            Bounds bounds, Collection<URI> baseUrls, ConnectionProvider connections, LoopResources loops) {
        int connectMillis = Math.toIntExact(bounds.connectTimeout().toMillis());
        HttpClient client = HttpClient.create(connections)
                .runOn(loops)
                .protocol(HttpProtocol.HTTP11)
                .followRedirect(false)
                // A second try is counted, and announced; one that the client made by itself would not be.
                .disableRetry(true)
                .compress(false)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, connectMillis)
                .responseTimeout(bounds.longestSilence());
        if (baseUrls.stream().noneMatch(url -> "https".equals(url.getScheme()))) {
            return client;
        }
        SslContext tls = platformTls();
        return client.secure(spec -> spec.sslContext(tls).handshakeTimeout(bounds.connectTimeout()));
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
        // Where the event loops have ended before, they have closed the connections.
        connections
                .disposeLater()
                .onErrorComplete(RejectedExecutionException.class)
                .subscribe();
    }
}
