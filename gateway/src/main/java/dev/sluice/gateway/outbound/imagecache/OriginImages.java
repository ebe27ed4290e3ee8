package dev.sluice.gateway.outbound.imagecache;

import dev.sluice.gateway.outbound.fetch.FetchRequest;
import dev.sluice.gateway.outbound.fetch.FetchRequest.Media;
import dev.sluice.gateway.outbound.fetch.FetchRequest.Validators;
import dev.sluice.gateway.outbound.fetch.OriginFetch;
import dev.sluice.gateway.outbound.fetch.OriginResponse;
import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import dev.sluice.gateway.outbound.imagecache.disk.CachedMeta;
import dev.sluice.gateway.outbound.share.CallerShares;
import java.time.Clock;
import java.time.Instant;
import java.util.Objects;
import org.springframework.http.HttpHeaders;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/** Brings images from their origins into memory that was reserved for them. */
final class OriginImages {
    private final OriginFetch origins;
    private final RemoteImageProperties properties;
    private final CallerShares memory;
    private final Clock clock;

    OriginImages(OriginFetch origins, RemoteImageProperties properties, CallerShares memory, Clock clock) {
        this.origins = origins;
        this.properties = properties;
        this.memory = memory;
        this.clock = clock;
    }

    /**
     * How an image whose origin has answered waits for memory.
     *
     * @param isLong whether half of the time for its download, and not just for a moment
     * @param whenOver run when it has its memory, before its body is read
     */
    record MemoryWait(boolean isLong, Runnable whenOver) {}

    /** What an origin answered. */
    sealed interface Answer {
        /**
         * A new image.
         *
         * @param bytes held by the call that fetched it
         * @param meta what is known of it
         */
        record Arrived(BufferedBody bytes, CachedMeta meta) implements Answer {}

        /**
         * What is known is still what the origin has.
         *
         * @param at when it said so
         * @param headers of that answer
         */
        record Unchanged(Instant at, HttpHeaders headers) implements Answer {}
    }

    /**
     * Asks the origin.
     *
     * @param url canonical
     * @param known what the cache has of it
     * @param wait for the memory of an image that arrives
     * @param resources takes every image that arrives, from its first byte
     */
    Mono<Answer> ask(String url, Validators known, MemoryWait wait, Disposable.Composite resources) {
        FetchRequest request = new FetchRequest(
                url,
                properties.maxImageSize().toBytes(),
                properties.fetchTimeout(),
                UrlPolicy.PUBLIC_WEB,
                Media.IMAGE,
                known);
        return origins.fetch(
                request,
                response -> response.notModified()
                        ? Mono.just(new Answer.Unchanged(clock.instant(), response.headers()))
                        : receive(url, response, wait, resources));
    }

    /** Memory is asked for when the size is known; until then the connection holds next to nothing. */
    private Mono<Answer> receive(String url, OriginResponse response, MemoryWait wait, Disposable.Composite resources) {
        Instant received = clock.instant();
        long most = response.contentLength().orElse(properties.maxImageSize().toBytes());
        return memory.reserve(most, wait.isLong() ? properties.longMemoryTimeout() : properties.memoryTimeout())
                .map(reservation -> {
                    wait.whenOver().run();
                    BufferedBody image = new BufferedBody(reservation, most);
                    resources.add(image);
                    return image;
                })
                .flatMap(image -> image.receive(response.body())
                        .then(Mono.fromSupplier(() -> arrived(url, image, response, received)))
                        // What broke off is fetched again, into memory of its own.
                        .doOnError(brokenOff -> {
                            resources.remove(image);
                            image.dispose();
                        }));
    }

    private static Answer arrived(String url, BufferedBody image, OriginResponse response, Instant received) {
        HttpHeaders headers = response.headers();
        Validators validators = response.validators();
        CachedMeta meta = new CachedMeta(
                url,
                Objects.requireNonNull(response.image(), "an image was asked for")
                        .mediaType(),
                image.etag(),
                image.length(),
                received,
                OriginFreshness.freshFor(headers, received),
                validators.etag(),
                validators.lastModified(),
                validators.source(),
                OriginFreshness.mayBeStored(headers));
        return new Answer.Arrived(image, meta);
    }
}
