package dev.sluice.gateway.outbound.picture;

import dev.sluice.gateway.contract.StrongTag;
import dev.sluice.gateway.outbound.fetch.ImageType;
import dev.sluice.gateway.outbound.picture.decode.Work;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.storage.StorageException;
import dev.sluice.zipstream.ByteStreams;
import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.zip.CRC32;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Takes image files in: into a work file, counted, measured and checked, before anything else hears of them. */
public final class PictureIntake {
    private final WorkFiles files;
    private final PictureCheck pictures;

    /** An intake whose files wait in {@code files}. */
    public PictureIntake(WorkFiles files, PictureCheck pictures) {
        this.files = files;
        this.pictures = pictures;
    }

    /** Bytes written and not known to be an image. */
    public static final class Written {
        private final long size;
        private final long crc32;
        private final String etag;

        private Written(long size, long crc32, String etag) {
            this.size = size;
            this.crc32 = crc32;
            this.etag = etag;
        }
    }

    /** Where the bytes come from. */
    @FunctionalInterface
    public interface Source {

        /**
         * Hands the bytes to {@code writer}, once, and gives what that gives. The writer takes the buffers' ownership.
         */
        Mono<Written> read(Function<Flux<DataBuffer>, Mono<Written>> writer);
    }

    /**
     * Takes one file of any format that can be decoded and lets {@code use} have it; the file is gone when that has
     * ended, however it ended. The source bounds how many bytes come. Fails with {@link PictureException}, or as
     * {@code source} or {@code use} does.
     */
    public <T> Mono<T> take(Source source, Function<ReceivedFile, Mono<T>> use) {
        return take(source, pictures::check, use);
    }

    /** As {@code Pictures.decoded}. */
    <T> Mono<T> take(Source source, Work work, List<Integer> widths, Function<ReceivedFile, Mono<T>> use) {
        return take(source, use);
    }

    /** Formats that can be decoded. */
    Set<ImageType> keptTypes() {
        return PictureCheck.TYPES;
    }

    /** As {@link #take}, a file that must be what it was announced as: see {@link PictureCheck#checkIs}. */
    public <T> Mono<T> takeAs(String mediaType, Source source, Function<ReceivedFile, Mono<T>> use) {
        return take(source, file -> pictures.checkIs(mediaType, file), use);
    }

    private <T> Mono<T> take(Source source, Function<Path, Mono<Picture>> check, Function<ReceivedFile, Mono<T>> use) {
        return files.with(file -> source.read(body -> write(file, body))
                .flatMap(written -> check.apply(file)
                        .map(picture -> new ReceivedFile(
                                file, written.size, written.crc32, written.etag, picture, List.of(), null)))
                .flatMap(use));
    }

    private static Mono<Written> write(Path file, Flux<DataBuffer> body) {
        return Mono.defer(() -> {
            CRC32 crc = new CRC32();
            MessageDigest digest = StrongTag.digest();
            AtomicLong size = new AtomicLong();
            Flux<DataBuffer> measured = ByteStreams.checksummed(ByteStreams.counting(body, size::addAndGet), crc)
                    .doOnNext(buffer -> update(digest, buffer));
            return DataBufferUtils.write(measured, file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)
                    // What the source does wrong has another type.
                    .onErrorMap(IOException.class, failed -> StorageException.ofFile("work file", failed))
                    .then(Mono.fromSupplier(
                            () -> new Written(size.get(), crc.getValue(), StrongTag.of(digest.digest()))));
        });
    }

    private static void update(MessageDigest digest, DataBuffer buffer) {
        try (DataBuffer.ByteBufferIterator parts = buffer.readableByteBuffers()) {
            parts.forEachRemaining(digest::update);
        }
    }
}
