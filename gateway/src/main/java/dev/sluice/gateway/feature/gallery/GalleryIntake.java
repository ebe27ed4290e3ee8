package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.outbound.fetch.FetchRequest;
import dev.sluice.gateway.outbound.fetch.FetchRequest.Media;
import dev.sluice.gateway.outbound.fetch.FetchRequest.Reach;
import dev.sluice.gateway.outbound.fetch.OriginFetch;
import dev.sluice.gateway.outbound.picture.Arrival;
import dev.sluice.gateway.outbound.picture.Pictures;
import dev.sluice.gateway.outbound.picture.ReceivedFile;
import dev.sluice.zipstream.ByteStreams;
import java.time.Duration;
import java.util.function.Function;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Brings images in from outside, within a bound, checked before anything else hears of them. */
final class ImageIntake {
    private final OriginFetch origins;
    private final Pictures pictures;
    private final long maxBytes;

    ImageIntake(OriginFetch origins, Pictures pictures, long maxBytes) {
        this.origins = origins;
        this.pictures = pictures;
        this.maxBytes = maxBytes;
    }

    /**
     * Fetches an image of any kind that is declared as one, and lets {@code use} have it. Fails with a fetch failure, a
     * picture failure, or as {@code use} does.
     *
     * @param owner whose share of the disk it takes meanwhile
     */
    <T> Mono<T> fetched(String owner, String url, Reach reach, Duration deadline, Function<ReceivedFile, Mono<T>> use) {
        FetchRequest request = new FetchRequest(url, maxBytes, deadline, reach, Media.IMAGE);
        return pictures.take(
                new Arrival(owner, maxBytes),
                writer -> origins.fetch(request, response -> writer.apply(response.body())),
                use);
    }

    /** Takes bytes that are at hand, of which it owns each buffer, and lets {@code use} have them. */
    <T> Mono<T> given(String owner, Flux<DataBuffer> body, Function<ReceivedFile, Mono<T>> use) {
        return pictures.take(
                new Arrival(owner, maxBytes), writer -> writer.apply(ByteStreams.capped(body, maxBytes)), use);
    }
}
