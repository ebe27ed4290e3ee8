package dev.sluice.gateway.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.zip.GZIPInputStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Sentry's ingest endpoint: reads envelopes and keeps the events in them.
 *
 * @see <a href="https://develop.sentry.dev/sdk/data-model/envelopes/">Envelopes</a>
 */
public final class SentryStub implements AutoCloseable {
    private static final JsonMapper JSON = new JsonMapper();

    private final HttpServer server;
    private final List<JsonNode> events = new CopyOnWriteArrayList<>();
    private final List<String> authorizations = new CopyOnWriteArrayList<>();

    private SentryStub(HttpServer server) {
        this.server = server;
        server.createContext("/api/42/envelope/", this::ingest);
        server.start();
    }

    /** On a free port. */
    public static SentryStub start() {
        try {
            return new SentryStub(HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** For {@code sluice.alerts.sentry-dsn}. */
    public String dsn() {
        return "http://0123456789abcdef@127.0.0.1:" + server.getAddress().getPort() + "/42";
    }

    /** The events of all envelopes. */
    public List<JsonNode> events() {
        return List.copyOf(events);
    }

    /** The keys of the alerts, in order. */
    public List<String> tags() {
        return events.stream()
                .map(event -> event.path("tags").path("alert").asString())
                .toList();
    }

    /** What authorised each envelope. */
    public List<String> authorizations() {
        return List.copyOf(authorizations);
    }

    private void ingest(HttpExchange exchange) throws IOException {
        try (exchange;
                GZIPInputStream body = new GZIPInputStream(exchange.getRequestBody())) {
            authorizations.add(exchange.getRequestHeaders().getFirst("X-Sentry-Auth"));
            // Header, item header, item; one event an envelope.
            String[] lines = new String(body.readAllBytes(), StandardCharsets.UTF_8).split("\n", -1);
            if ("event".equals(JSON.readTree(lines[1]).path("type").asString())) {
                events.add(JSON.readTree(lines[2]));
            }
            byte[] answer = "{}".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
