package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.feature.imageproxy.TransformException.Kind;
import dev.sluice.gateway.outbound.imagecache.BufferedBody;
import dev.sluice.gateway.outbound.imagecache.RemoteImageProperties;
import dev.sluice.gateway.outbound.imagecache.disk.CachedMeta;
import dev.sluice.gateway.outbound.imagecache.disk.SendableImage;
import dev.sluice.gateway.outbound.picture.ExpectedPicture;
import dev.sluice.gateway.outbound.picture.Picture;
import dev.sluice.gateway.outbound.picture.Pictures;
import dev.sluice.gateway.outbound.picture.ReceivedFile;
import dev.sluice.gateway.outbound.picture.decode.DecodePurpose;
import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.picture.decode.Thumbnail;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.share.CallerShares;
import dev.sluice.gateway.outbound.storage.StorageException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Has images decoded, and brings what is smaller into memory that was reserved for it. */
final class ThumbnailMaker {
    private static final Logger LOG = LoggerFactory.getLogger(ThumbnailMaker.class);
    private static final int READ_BYTES = 64 * 1024;

    private final Pictures pictures;
    private final CallerShares memory;
    private final Duration memoryTimeout;
    private final long maxBytes;
    private final Duration timeout;

    ThumbnailMaker(Pictures pictures, RemoteImageProperties images, Duration timeout, CallerShares memory) {
        this.pictures = pictures;
        this.memory = memory;
        this.memoryTimeout = images.memoryTimeout();
        this.maxBytes = images.maxImageSize().toBytes();
        this.timeout = timeout;
    }

    /** What is to be sent at a width. */
    sealed interface Made {
        /**
         * A smaller copy.
         *
         * @param bytes held by the task that made it
         * @param meta what is known of it
         */
        record Smaller(BufferedBody bytes, CachedMeta meta) implements Made {}

        /** The original, which is not wider. */
        record Original() implements Made {}
    }

    /**
     * What is to be sent of {@code original} at a width: a smaller copy of it, or the original itself if it is not
     * wider.
     *
     * <p>Fails with {@link TransformException}, or with {@code BudgetExhaustedException} when there is no memory.
     *
     * @param original held by the caller; disposed of as soon as it is not needed any more, to make room
     * @param resources takes the copy, from its first byte
     */
    Mono<Made> make(SendableImage original, int width, Disposable.Composite resources) {
        CachedMeta meta = original.meta();
        return pictures.decoded(
                        ExpectedPicture.ofNobody(meta.length()),
                        writer ->
                                writer.apply(original.bytes(0, meta.length(), DefaultDataBufferFactory.sharedInstance)),
                        DecodePurpose.TRANSFORM,
                        List.of(width),
                        received -> received.thumbnails().isEmpty()
                                ? asItIs(meta, received, width)
                                : smaller(original, width, received.thumbnails().getFirst(), resources))
                .timeout(timeout)
                .onErrorMap(this::failure);
    }

    private static Mono<Made> asItIs(CachedMeta original, ReceivedFile received, int width) {
        Picture picture = received.picture();
        if (picture.width() > width) {
            return Mono.error(new TransformException(
                    Kind.IMAGE,
                    "too_large",
                    "The image is too high for this width: " + picture.width() + " x " + picture.height() + " pixels",
                    null));
        }
        return Pictures.SHOWN_BY_BROWSERS.contains(original.mediaType())
                ? Mono.just(new Made.Original())
                : Mono.error(new TransformException(
                        Kind.IMAGE,
                        "unsupported",
                        original.mediaType() + " of " + picture.width() + " x " + picture.height()
                                + " pixels cannot be shown by browsers (expected: a larger image, or another type)",
                        null));
    }

    private Mono<Made> smaller(SendableImage original, int width, Thumbnail thumbnail, Disposable.Composite resources) {
        CachedMeta meta =
                original.meta().thumbnail(width, thumbnail.type().mediaType(), thumbnail.etag(), thumbnail.size());
        original.dispose();
        if (thumbnail.size() > maxBytes) {
            return Mono.error(new TransformException(
                    Kind.IMAGE,
                    "too_large",
                    "The image takes " + thumbnail.size() + " bytes at this width (expected: at most " + maxBytes + ")",
                    null));
        }
        return memory.reserve(thumbnail.size(), memoryTimeout)
                .map(reservation -> {
                    BufferedBody image = new BufferedBody(reservation, thumbnail.size());
                    resources.add(image);
                    return image;
                })
                .flatMap(image -> image.receive(DataBufferUtils.read(
                                        thumbnail.file(), DefaultDataBufferFactory.sharedInstance, READ_BYTES)
                                .subscribeOn(Schedulers.boundedElastic()))
                        .then(Mono.fromSupplier(() -> new Made.Smaller(image, meta))));
    }

    private Throwable failure(Throwable failed) {
        return switch (failed) {
            case PictureException bad ->
                new TransformException(Kind.IMAGE, bad.kind().code(), String.valueOf(bad.getMessage()), bad);
            case DecoderException decoder -> failure(decoder);
            case TimeoutException _ ->
                new TransformException(
                        Kind.DECODER,
                        "timed_out",
                        "The image is not made smaller after " + timeout.toMillis() + " ms",
                        failed);
            case StorageException _, UncheckedIOException _ -> {
                LOG.warn("no image is made smaller: {}", failed.toString());
                yield busy("work_file", failed);
            }
            case RejectedExecutionException _ -> busy("busy", failed);
            default -> failed;
        };
    }

    private static TransformException failure(DecoderException decoder) {
        String reason = decoder.kind().name().toLowerCase(Locale.ROOT);
        return switch (decoder.kind()) {
            case LIMIT -> new TransformException(Kind.IMAGE, reason, String.valueOf(decoder.getMessage()), decoder);
            case FAILED -> new TransformException(Kind.DECODER, reason, String.valueOf(decoder.getMessage()), decoder);
            case BUSY -> busy(reason, decoder);
        };
    }

    private static TransformException busy(String reason, Throwable cause) {
        return new TransformException(Kind.BUSY, reason, "There is no room to make an image smaller at present", cause);
    }
}
