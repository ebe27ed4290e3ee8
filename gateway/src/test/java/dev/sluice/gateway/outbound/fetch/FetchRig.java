package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.outbound.fetch.FetchRequest.Media;
import dev.sluice.gateway.outbound.fetch.policy.AllowedNetwork;
import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.TestDns;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.security.KeyStore;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.assertj.core.api.Assertions;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Mono;
import reactor.netty.resources.LoopResources;

/** A fetch on event loops of its own, configured as the application is. */
final class FetchRig implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int LOOPS = 2;

    private final LoopResources loops = LoopResources.create("fetch-test", LOOPS, true);
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final FetchTransport transport;
    private final OriginFetch fetch;

    private FetchRig(Builder settings) {
        var source = new MapConfigurationPropertySource(settings.properties);
        FetchProperties properties = new Binder(source).bindOrCreate("sluice.fetch", FetchProperties.class);
        List<AllowedNetwork> opened = Stream.concat(
                        properties.networks().stream(), settings.opened.stream().map(AllowedNetwork::parse))
                .toList();
        transport = new FetchTransport(properties, loops, opened, settings.trusted);
        fetch = FetchFactory.create(
                properties,
                transport,
                new OriginUrls(transport.rules(), properties.allowPorts()),
                "Sluice/test",
                meters,
                settings.clock);
    }

    static Builder with() {
        return new Builder();
    }

    /** A rig that may reach {@code origin}, and nothing else of this machine. */
    static FetchRig reaching(HostileOrigin origin) {
        return with().open(origin).start();
    }

    OriginFetch fetch() {
        return fetch;
    }

    LoopResources loops() {
        return loops;
    }

    SimpleMeterRegistry meters() {
        return meters;
    }

    FetchTransport transport() {
        return transport;
    }

    static FetchRequest request(String url, long maxBytes) {
        return new FetchRequest(url, maxBytes, PATIENCE, UrlPolicy.PUBLIC_WEB, Media.RASTER_IMAGE);
    }

    /** All bytes of an image of at most 1 MB. */
    byte[] image(String url) {
        return get(request(url, 1 << 20));
    }

    byte[] get(FetchRequest request) {
        byte[] bytes = fetch.fetch(request, FetchRig::bytes).block(PATIENCE.plusSeconds(5));
        return bytes == null ? new byte[0] : bytes;
    }

    /** The failure of an image of at most 1 MB. */
    FetchException failure(String url) {
        return failure(request(url, 1 << 20));
    }

    /** As {@link #failure}, for one caller among others; null if there is none. */
    @Nullable FetchException failure(String caller, String url) {
        Mono<byte[]> image = fetch.fetch(request(url, 1 << 20), FetchRig::bytes)
                .contextWrite(new Caller(Caller.Kind.USER, caller, Set.of(), Set.of(), "192.0.2.1")::into);
        return Assertions.catchThrowableOfType(FetchException.class, () -> image.block(PATIENCE.plusSeconds(5)));
    }

    FetchException failure(FetchRequest request) {
        return Assertions.catchThrowableOfType(FetchException.class, () -> get(request));
    }

    /** A reader that collects and releases. */
    static Mono<byte[]> bytes(OriginResponse response) {
        return response.body()
                .collect(ByteArrayOutputStream::new, FetchRig::add)
                .doOnDiscard(DataBuffer.class, DataBufferUtils::release)
                .map(ByteArrayOutputStream::toByteArray);
    }

    /** A reader that must not be asked. */
    static <T> Function<OriginResponse, Mono<T>> untouched() {
        return response -> Mono.error(new AssertionError("the reader was asked"));
    }

    private static void add(ByteArrayOutputStream all, DataBuffer buffer) {
        byte[] bytes = new byte[buffer.readableByteCount()];
        buffer.read(bytes);
        DataBufferUtils.release(buffer);
        all.writeBytes(bytes);
    }

    @Override
    public void close() {
        transport.close();
        settle();
        loops.disposeLater(Duration.ZERO, Duration.ofSeconds(5)).block(Duration.ofSeconds(6));
    }

    /** Lets every event loop finish what was handed to it: a loop that is shut down leaves buffers lying. */
    private void settle() {
        for (int i = 0; i < LOOPS * 2; i++) {
            transport.clients().choose().loop().submit(() -> {}).syncUninterruptibly();
        }
    }

    /** Settings of a rig. */
    static final class Builder {
        private final Map<String, Object> properties = new LinkedHashMap<>();
        private final List<String> opened = new ArrayList<>();
        private @Nullable KeyStore trusted;
        private Clock clock = Clock.systemUTC();

        private Builder() {
            set("retry.backoff", "1ms");
            set("retry.max-backoff", "10ms");
        }

        Builder set(String key, Object value) {
            properties.put("sluice.fetch." + key, value);
            return this;
        }

        /** Lets the rig reach {@code origin}, named by its address. */
        Builder open(HostileOrigin origin) {
            opened.add(origin.addressAndPort());
            return this;
        }

        /** As {@link AllowedNetwork#parse} reads it. */
        Builder open(String network) {
            opened.add(network);
            return this;
        }

        Builder ports(Object... ports) {
            return set("allow-ports", Arrays.toString(ports).replaceAll("[\\[\\] ]", ""));
        }

        Builder dns(TestDns dns) {
            return set("dns.servers", dns.addressAndPort());
        }

        Builder clock(Clock clock) {
            this.clock = clock;
            return this;
        }

        Builder trusting(KeyStore certificates) {
            trusted = certificates;
            return this;
        }

        FetchRig start() {
            return new FetchRig(this);
        }
    }
}
