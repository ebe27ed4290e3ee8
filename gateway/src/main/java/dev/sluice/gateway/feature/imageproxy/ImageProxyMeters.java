package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.contract.http.Representation;
import dev.sluice.gateway.outbound.imagecache.SingleFlight;
import dev.sluice.gateway.outbound.imagecache.disk.SendableImage;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.http.server.reactive.ServerHttpResponse;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What the image proxy tells of itself. */
final class ImageProxyMeters {
    private final MeterRegistry registry;
    private final Map<String, Counter> results = new ConcurrentHashMap<>(); // there are few
    private final Timer transform;
    private final Counter sent;

    ImageProxyMeters(MeterRegistry registry) {
        this.registry = registry;
        this.transform = Timer.builder("sluice.image_proxy.transform")
                .description("Time until an image is made smaller, or is known not to be")
                .publishPercentileHistogram()
                .register(registry);
        this.sent = Counter.builder("sluice.image_proxy.sent")
                .description("Bytes of images sent")
                .baseUnit("bytes")
                .register(registry);
    }

    /** Shows how many images are being made smaller. */
    void watchTransforms(SingleFlight<?> singleFlight) {
        Gauge.builder("sluice.image_proxy.transforms", singleFlight, SingleFlight::size)
                .description("Images being made smaller, or waiting for a decoder")
                .register(registry);
        Gauge.builder("sluice.image_proxy.transforms.waiting", singleFlight, SingleFlight::waiting)
                .description("Requests that wait for them")
                .register(registry);
    }

    void answered(CacheStatus status) {
        results.computeIfAbsent(
                        status.result(), result -> registry.counter("sluice.image_proxy.requests", "result", result))
                .increment();
    }

    void failed(CacheStatus status, String reason) {
        answered(status);
        registry.counter("sluice.image_proxy.failures", "reason", reason).increment();
    }

    /** The bytes of {@code image}, counted when they are out. */
    Representation.Body counted(SendableImage image) {
        return new Representation.Body() {
            @Override
            public Flux<DataBuffer> bytes(long position, long count, DataBufferFactory buffers) {
                return image.bytes(position, count, buffers).doOnComplete(() -> sent.increment((double) count));
            }

            @Override
            public Mono<Void> send(ServerHttpResponse response, long position, long count) {
                return image.send(response, position, count).doOnSuccess(done -> sent.increment((double) count));
            }
        };
    }

    <T> Mono<T> timedTransform(Mono<T> decoding) {
        return Mono.defer(() -> {
            Timer.Sample sample = Timer.start(registry);
            return decoding.doFinally(end -> sample.stop(transform));
        });
    }
}
