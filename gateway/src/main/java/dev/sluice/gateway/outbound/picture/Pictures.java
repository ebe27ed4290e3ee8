package dev.sluice.gateway.outbound.picture;

import dev.sluice.gateway.contract.http.StrongTag;
import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.picture.decode.DecodePurpose;
import dev.sluice.gateway.outbound.picture.decode.Decoded;
import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.picture.decode.DecoderQueue;
import dev.sluice.gateway.outbound.picture.decode.ThumbnailSizes;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.picture.format.PictureFormats;
import dev.sluice.gateway.outbound.picture.format.PictureHeader;
import dev.sluice.gateway.outbound.spool.DiskBudget;
import dev.sluice.gateway.outbound.spool.WorkDirectory;
import dev.sluice.zipstream.BodyTotals;
import dev.sluice.zipstream.ByteStreams;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Takes image files in: into a directory of their own, counted, measured, decoded within bounds that all share and made
 * smaller, before anything else hears of them. Thread-safe.
 */
public final class Pictures {

    /** Every width that a thumbnail can have, in pixels, ascending: a closed set. */
    public static final List<Integer> WIDTHS = ThumbnailSizes.WIDTHS;

    /** Types that every current browser shows in an {@code <img>}. */
    public static final Set<String> SHOWN_BY_BROWSERS =
            Set.of("image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/svg+xml");

    private final WorkFiles files;
    private final DiskBudget room;
    private final DecoderQueue decoders;
    private final long maxPixels;
    private final Scheduler disk;
    private final Set<ImageType> acceptedTypes;
    private final String acceptedNames;

    /**
     * Pictures that wait in {@code files} and are decoded by {@code decoders}.
     *
     * @param room for those files
     * @param maxPixels most pixels of one, width times height
     * @param disk where reading a file's header may block
     */
    Pictures(WorkFiles files, DiskBudget room, DecoderQueue decoders, long maxPixels, Scheduler disk) {
        this.files = files;
        this.room = room;
        this.decoders = decoders;
        this.maxPixels = maxPixels;
        this.disk = disk;
        Set<String> decoded = decoders.decoder().mediaTypes();
        this.acceptedTypes = PictureFormats.TYPES.stream()
                .filter(type -> decoded.contains(type.mediaType()))
                .collect(Collectors.toUnmodifiableSet());
        this.acceptedNames =
                acceptedTypes.stream().map(ImageType::mediaType).sorted().collect(Collectors.joining(", "));
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
         * Hands the bytes to {@code writer} and gives what that gives. The writer takes the buffers' ownership. Bytes
         * that broke off may be handed over again, from the first one, in place of those that came before.
         */
        Mono<Written> read(Function<Flux<DataBuffer>, Mono<Written>> writer);
    }

    /** Reads a file's header. Blocks. */
    @FunctionalInterface
    private interface HeaderReader {
        PictureHeader read(Path file) throws IOException;
    }

    /** Formats that the decoder in use reads. A file of any other fails as unsupported. */
    public Set<ImageType> acceptedTypes() {
        return acceptedTypes;
    }

    /**
     * Takes a file of any accepted type in, with all its thumbnails: see {@link #decoded(ExpectedPicture, Source,
     * DecodePurpose, List, Function)}.
     */
    public <T> Mono<T> take(ExpectedPicture expected, Source source, Function<ReceivedFile, Mono<T>> use) {
        return decoded(expected, source, DecodePurpose.INTAKE, WIDTHS, use);
    }

    /**
     * As {@link #take}, a file that must be what it was announced as.
     *
     * @param mediaType of the {@link #acceptedTypes}; a HEIF file of several brands may be called by any of them
     */
    public <T> Mono<T> takeAs(
            String mediaType, ExpectedPicture expected, Source source, Function<ReceivedFile, Mono<T>> use) {
        HeaderReader headers = file -> PictureFormats.readAs(mediaType, file, maxPixels);
        return decoded(expected, source, headers, DecodePurpose.INTAKE, WIDTHS, use);
    }

    /**
     * Decodes every pixel of a file, makes thumbnails, and lets {@code use} have all of it; the files are gone when
     * that has ended, however it ended. The source bounds how many bytes come; room for them is reserved before it is
     * asked.
     *
     * <p>Fails with {@link PictureException} for what is no picture of an accepted type, with {@link DecoderException}
     * if the decoder failed at it or there was no decoder or no disk for it, with {@link UncheckedIOException} if the
     * disk did, or as {@code source} or {@code use} does.
     *
     * @param purpose in whose queue it waits
     * @param widths of {@link #WIDTHS}, ascending, may be empty. Those that are not less than the picture's own are
     *     left out, and so are those at which its height would be more than 8,192 or the decoder lacks memory; a
     *     picture that browsers do not show gets one of its own width instead of the first that is not less
     */
    public <T> Mono<T> decoded(
            ExpectedPicture expected,
            Source source,
            DecodePurpose purpose,
            List<Integer> widths,
            Function<ReceivedFile, Mono<T>> use) {
        return decoded(expected, source, file -> PictureFormats.read(file, maxPixels), purpose, widths, use);
    }

    private <T> Mono<T> decoded(
            ExpectedPicture expected,
            Source source,
            HeaderReader headers,
            DecodePurpose purpose,
            List<Integer> widths,
            Function<ReceivedFile, Mono<T>> use) {
        return Mono.using(
                () -> expected.reserve(room),
                share -> decoded(share, source, headers, purpose, widths, use),
                DiskBudget.Share::close);
    }

    private <T> Mono<T> decoded(
            DiskBudget.Share share,
            Source source,
            HeaderReader headers,
            DecodePurpose purpose,
            List<Integer> widths,
            Function<ReceivedFile, Mono<T>> use) {
        return files.with(directory -> {
            Path file = directory.resolve("original");
            return source.read(body -> write(file, body))
                    .doOnNext(written -> ExpectedPicture.shrinkToSize(share, written.size))
                    .flatMap(written -> header(file, headers)
                            .flatMap(header -> decoded(file, header, purpose, widths)
                                    .map(decoded -> received(file, written, header, decoded))))
                    .flatMap(use);
        });
    }

    private Mono<PictureHeader> header(Path file, HeaderReader headers) {
        return Mono.fromCallable(() -> headers.read(file))
                .subscribeOn(disk)
                .onErrorMap(IOException.class, WorkFiles::failure)
                .doOnNext(header -> {
                    if (!acceptedTypes.contains(header.type())) {
                        throw new PictureException(
                                PictureException.Kind.UNSUPPORTED,
                                header.type().mediaType() + " is not supported (expected: " + acceptedNames + ")",
                                null);
                    }
                });
    }

    private Mono<Decoded> decoded(Path file, PictureHeader header, DecodePurpose purpose, List<Integer> widths) {
        List<Integer> smaller = ThumbnailSizes.widths(header.width(), header.height()).stream()
                .filter(width -> widths.contains(width) && decoders.decoder().makes(header, width))
                .toList();
        Mono<Decoded> decoded = decoded(file, header, purpose, smaller, file.resolveSibling("thumbnails"));
        return needsCopy(header, widths)
                ? decoded.flatMap(
                        first -> decoded(file, header, purpose, List.of(header.width()), file.resolveSibling("copy"))
                                .map(copy -> joined(first, copy)))
                : decoded;
    }

    private Mono<Decoded> decoded(
            Path file, PictureHeader header, DecodePurpose purpose, List<Integer> widths, Path directory) {
        return Mono.fromCallable(() -> WorkDirectory.create(directory))
                .subscribeOn(disk)
                .flatMap(made -> decoders.decode(file, header, widths, made, purpose))
                .onErrorMap(IOException.class, WorkFiles::failure);
    }

    /** A picture that browsers do not show is copied as wide as it is, if that is no wider than the widest wanted. */
    private static boolean needsCopy(PictureHeader header, List<Integer> widths) {
        return !SHOWN_BY_BROWSERS.contains(header.type().mediaType())
                && header.height() <= ThumbnailSizes.LONGEST_SIDE
                && widths.stream().anyMatch(width -> width >= header.width());
    }

    private static Decoded joined(Decoded smaller, Decoded copy) {
        return new Decoded(
                copy.width(),
                copy.height(),
                smaller.placeholder(),
                Stream.concat(smaller.thumbnails().stream(), copy.thumbnails().stream())
                        .toList());
    }

    private static ReceivedFile received(Path file, Written written, PictureHeader header, Decoded decoded) {
        return new ReceivedFile(
                file,
                written.size,
                written.crc32,
                written.etag,
                new Picture(header.type(), decoded.width(), decoded.height()),
                decoded.thumbnails(),
                decoded.placeholder());
    }

    /** Everything that is measured begins anew with each body. */
    private static Mono<Written> write(Path file, Flux<DataBuffer> body) {
        return Mono.defer(() -> {
            BodyTotals totals = new BodyTotals();
            MessageDigest digest = StrongTag.digest();
            Flux<DataBuffer> measured = ByteStreams.totalled(body, totals).doOnNext(buffer -> update(digest, buffer));
            return DataBufferUtils.write(
                            measured,
                            file,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.TRUNCATE_EXISTING,
                            StandardOpenOption.WRITE)
                    // What the source does wrong has another type.
                    .onErrorMap(IOException.class, WorkFiles::failure)
                    .then(Mono.fromSupplier(
                            () -> new Written(totals.bytes(), totals.crc32(), StrongTag.of(digest.digest()))));
        });
    }

    private static void update(MessageDigest digest, DataBuffer buffer) {
        try (DataBuffer.ByteBufferIterator parts = buffer.readableByteBuffers()) {
            parts.forEachRemaining(digest::update);
        }
    }
}
