package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.outbound.fetch.FetchRequest;
import dev.sluice.gateway.outbound.fetch.FetchRequest.Media;
import dev.sluice.gateway.outbound.fetch.OriginFetch;
import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import dev.sluice.gateway.outbound.picture.ExpectedPicture;
import dev.sluice.gateway.outbound.picture.Pictures;
import dev.sluice.gateway.outbound.picture.ReceivedFile;
import dev.sluice.zipstream.ByteStreams;
import java.time.Duration;
import java.util.function.Function;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Takes images in, from a URL or from a body, within a bound; checks them before anything else uses them. */
final class GalleryIntake {
    private final OriginFetch origins;
    private final Pictures pictures;
    private final long maxBytes;

    GalleryIntake(OriginFetch origins, Pictures pictures, long maxBytes) {
        this.origins = origins;
        this.pictures = pictures;
        this.maxBytes = maxBytes;
    }

    /**
     * Fetches a resource that is declared as an image, checks it and passes it to {@code use}. Fails with a fetch
     * failure, a picture failure, or as {@code use} does.
     *
     * @param owner counted for its share of the disk meanwhile
     */
    <T> Mono<T> fetch(
            String owner, String url, UrlPolicy urlPolicy, Duration deadline, Function<ReceivedFile, Mono<T>> use) {
        FetchRequest request = new FetchRequest(url, maxBytes, deadline, urlPolicy, Media.IMAGE);
        return pictures.take(
                new ExpectedPicture(owner, maxBytes),
                writer -> origins.fetch(request, response -> writer.apply(response.body())),
                use);
    }

    /** Checks a body and passes it to {@code use}. Takes ownership of the buffers. */
    <T> Mono<T> accept(String owner, Flux<DataBuffer> body, Function<ReceivedFile, Mono<T>> use) {
        return pictures.take(
                new ExpectedPicture(owner, maxBytes), writer -> writer.apply(ByteStreams.capped(body, maxBytes)), use);
    }
}
