package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.contract.StrongTag;
import dev.sluice.gateway.outbound.fetch.FetchRequest;
import dev.sluice.gateway.outbound.fetch.FetchRequest.Media;
import dev.sluice.gateway.outbound.fetch.FetchRequest.Reach;
import dev.sluice.gateway.outbound.fetch.OriginFetch;
import dev.sluice.gateway.outbound.picture.PictureCheck;
import dev.sluice.gateway.outbound.storage.StorageException;
import dev.sluice.zipstream.ByteStreams;
import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.zip.CRC32;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Brings images in from outside: into a work file, counted, measured and decoded, before anything else hears of them.
 */
final class ImageIntake {
    private final OriginFetch origins;
    private final WorkFiles files;
    private final PictureCheck pictures;
    private final long maxBytes;

    ImageIntake(OriginFetch origins, WorkFiles files, PictureCheck pictures, long maxBytes) {
        this.origins = origins;
        this.files = files;
        this.pictures = pictures;
        this.maxBytes = maxBytes;
    }

    /**
     * Fetches an image and lets {@code use} have it. Fails with a fetch failure, a picture failure, or as {@code use}
     * does.
     */
    <T> Mono<T> fetched(String url, Reach reach, Duration deadline, Function<ReceivedFile, Mono<T>> use) {
        FetchRequest request = new FetchRequest(url, maxBytes, deadline, reach, Media.RASTER_IMAGE);
        return files.with(file -> origins.fetch(request, response -> receive(file, response.body()))
                .flatMap(this::checked)
                .flatMap(use));
    }

    /** Takes bytes that are at hand, of which it owns each buffer, and lets {@code use} have them. */
    <T> Mono<T> given(Flux<DataBuffer> body, Function<ReceivedFile, Mono<T>> use) {
        return files.with(file -> receive(file, ByteStreams.capped(body, maxBytes))
                .flatMap(this::checked)
                .flatMap(use));
    }

    /** What was written, before it is known to be an image. */
    private record Written(Path file, long size, long crc32, String etag) {}

    private static Mono<Written> receive(Path file, Flux<DataBuffer> body) {
        return Mono.defer(() -> {
            CRC32 crc = new CRC32();
            MessageDigest digest = StrongTag.digest();
            AtomicLong size = new AtomicLong();
            Flux<DataBuffer> measured = ByteStreams.checksummed(ByteStreams.counting(body, size::addAndGet), crc)
                    .doOnNext(buffer -> update(digest, buffer));
            return DataBufferUtils.write(measured, file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)
                    // What the origin does wrong has another type.
                    .onErrorMap(IOException.class, failed -> StorageException.ofFile("work file", failed))
                    .then(Mono.fromSupplier(
                            () -> new Written(file, size.get(), crc.getValue(), StrongTag.of(digest.digest()))));
        });
    }

    private Mono<ReceivedFile> checked(Written written) {
        return pictures.check(written.file())
                .map(picture ->
                        new ReceivedFile(written.file(), written.size(), written.crc32(), written.etag(), picture));
    }

    private static void update(MessageDigest digest, DataBuffer buffer) {
        try (DataBuffer.ByteBufferIterator parts = buffer.readableByteBuffers()) {
            parts.forEachRemaining(digest::update);
        }
    }
}
