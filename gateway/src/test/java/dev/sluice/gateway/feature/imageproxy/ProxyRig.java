package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.outbound.imagecache.disk.CacheRig;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.MovableClock;
import dev.sluice.gateway.testing.RunningGateway;
import dev.sluice.zipstream.BufferBudget;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The whole gateway with an image cache of its own, one origin, a user, and a clock that is moved by hand. */
final class ProxyRig implements AutoCloseable {
    static final Duration SOON = Duration.ofSeconds(30);
    static final Duration TTL = Duration.ofDays(7);

    final HostileOrigin origin = HostileOrigin.start();
    final MovableClock clock = new MovableClock();
    final RunningGateway gateway;
    final Path directory;
    private final String token;

    private ProxyRig(Path directory, boolean cached, List<Class<?>> further, String... settings) {
        this.directory = directory;
        Map<String, String> all = new LinkedHashMap<>();
        all.put("sluice.image-proxy.cache.enabled", Boolean.toString(cached));
        all.put("sluice.image-proxy.cache.directory", directory.toString());
        // One request is one request at the origin, and many failures do not end in a rest for it.
        all.put("sluice.fetch.retry.tries", "1");
        // One caller has the cache to itself.
        all.put("sluice.image-proxy.cache.caller-share", "100");
        all.put("sluice.fetch.breaker.window", "10000");
        // Whatever is decoded here is decoded by the test.
        all.put("sluice.pictures.decoder", "in-process");
        for (int i = 0; i < settings.length; i += 2) {
            all.put(settings[i], settings[i + 1]);
        }
        all.putIfAbsent("sluice.fetch.allow-networks", origin.addressAndPort());
        gateway = RunningGateway.start(all, clock, further.toArray(Class<?>[]::new));
        token = gateway.signIn("alice", "user");
    }

    /** Keeps images in {@code directory}. */
    static ProxyRig in(Path directory, String... settings) {
        return new ProxyRig(directory, true, List.of(), settings);
    }

    /** Keeps images in {@code directory}, and has them decoded by a {@link TestDecoder}. */
    static ProxyRig decodingIn(Path directory, String... settings) {
        return new ProxyRig(directory, true, List.of(TestDecoder.Wiring.class), settings);
    }

    /** Has images decoded by a {@link TestDecoder}, and keeps none. */
    static ProxyRig decodingWithoutCache(String... settings) {
        return new ProxyRig(Path.of("never-written"), false, List.of(TestDecoder.Wiring.class), settings);
    }

    static ProxyRig withoutCache(String... settings) {
        return new ProxyRig(Path.of("never-written"), false, List.of(), settings);
    }

    /** What alice gets for the image at a path of the origin, with further request headers as names and values. */
    HttpResponse<byte[]> get(String path, String... headers) {
        return getUrl(origin.url(path), headers);
    }

    HttpResponse<byte[]> getUrl(String url, String... headers) {
        return gateway.send(as(token, proxied(url), headers));
    }

    /** A path of the gateway, as a signed-in caller. */
    HttpResponse<byte[]> getAs(String path) {
        return gateway.send(as(token, path));
    }

    /** As {@link #get}, at a width. */
    HttpResponse<byte[]> get(String path, int width, String... headers) {
        return gateway.send(as(token, proxied(origin.url(path), width), headers));
    }

    TestDecoder decoder() {
        return gateway.bean(TestDecoder.class);
    }

    HttpResponse<byte[]> head(String path) {
        return gateway.send(as(token, proxied(origin.url(path))).HEAD());
    }

    /** Alice's request for any path of the gateway. */
    HttpRequest.Builder asAlice(String path, String... headers) {
        return as(token, path, headers);
    }

    HttpRequest.Builder as(String somebody, String path, String... headers) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(gateway.uri(path)).header("Authorization", "Bearer " + somebody);
        return headers.length == 0 ? request : request.headers(headers);
    }

    HttpResponse<byte[]> signUrls(String json) {
        return gateway.send(asAlice("/api/image-proxy/urls", "Content-Type", "application/json")
                .POST(BodyPublishers.ofString(json)));
    }

    /** Where the gateway shows the image at {@code url}. */
    static String proxied(String url) {
        return "/api/image-proxy?url=" + URLEncoder.encode(url, StandardCharsets.UTF_8);
    }

    /** Where the gateway shows the image at {@code url}, at a width. */
    static String proxied(String url, int width) {
        return proxied(url) + "&w=" + width;
    }

    /** A client that has sent alice's request for the image at a path of the origin, and reads nothing by itself. */
    Socket rawClient(String path, int receiveBuffer) {
        return rawClientOf(proxied(origin.url(path)), receiveBuffer);
    }

    /** As {@link #rawClient}, for any path of the gateway. */
    Socket rawClientOf(String path, int receiveBuffer) {
        try {
            Socket client = new Socket();
            client.setReceiveBufferSize(receiveBuffer);
            client.setSoTimeout((int) SOON.toMillis());
            client.connect(gateway.address());
            client.getOutputStream()
                    .write(("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + "Authorization: Bearer "
                                    + token + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            return client;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    static String header(HttpResponse<?> answer, String name) {
        return String.join(" | ", answer.headers().allValues(name));
    }

    static String cacheStatus(HttpResponse<?> answer) {
        return header(answer, "Cache-Status");
    }

    static JsonNode problem(HttpResponse<byte[]> answer) {
        return JsonMapper.shared().readTree(answer.body());
    }

    static String code(HttpResponse<byte[]> answer) {
        return problem(answer).path("code").asString();
    }

    static String reason(HttpResponse<byte[]> answer) {
        return problem(answer).path("reason").asString();
    }

    /** The files of the cache but for its lock. */
    List<Path> files() {
        return CacheRig.files(directory);
    }

    BufferBudget memory() {
        return gateway.bean("proxyMemory", BufferBudget.class);
    }

    void awaitFreeMemory() {
        Await.until(
                SOON, "the memory of images on their way is free", () -> memory().available() == memory().capacity());
    }

    double gauge(String name) {
        return gateway.bean(MeterRegistry.class).get(name).gauge().value();
    }

    double count(String name, String tag, String value) {
        return gateway.bean(MeterRegistry.class)
                .get(name)
                .tag(tag, value)
                .counter()
                .count();
    }

    void awaitGauge(String name, double value) {
        Await.until(SOON, name + " is " + value, () -> gauge(name) == value);
    }

    @Override
    public void close() {
        gateway.close();
        origin.close();
    }
}
