package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.archive.RemoteImage;
import dev.sluice.gateway.contract.http.FileSlice;
import dev.sluice.gateway.outbound.archive.SeekableArchive;
import dev.sluice.gateway.outbound.fetch.FetchException;
import dev.sluice.gateway.outbound.imagecache.RemoteImages;
import dev.sluice.gateway.outbound.imagecache.disk.OpenImage;
import dev.sluice.gateway.outbound.imagecache.disk.SendableImage;
import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.imagetype.ImageTypes;
import dev.sluice.zipstream.BodyTotals;
import dev.sluice.zipstream.ByteStreams;
import dev.sluice.zipstream.EntryHeader;
import dev.sluice.zipstream.EntryNames;
import java.io.EOFException;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.io.buffer.DataBufferFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * The images of one request as far as the store has them, or is to have them: each from its file, without memory, and
 * all of them as an archive of which every byte is known, if there are files of all.
 */
final class StoredImages {
    private static final Logger LOG = LoggerFactory.getLogger(StoredImages.class);
    private static final int CONFIRMED_AT_ONCE = 6;

    /** Which images enter the store that are not in it. */
    enum Admission {
        /** None. */
        NONE,
        /** Those that were asked for within the last hour, too. */
        SECOND_REQUEST,
        /** All: the archive is to be resumable. */
        ALL
    }

    /** What became of an image that was asked for ahead of its turn. */
    private sealed interface Ahead {
        record Opened(OpenImage image) implements Ahead {}

        record Refused(FetchException failure) implements Ahead {}

        record Absent() implements Ahead {}
    }

    private final RemoteImages images;
    private final ZipRequest request;
    private final ZipProperties properties;
    private final Scheduler timer;
    private final @Nullable String[] urls;
    private final Set<String> admitted;
    private final RemoteImages.Entering entering;
    private final Instant begun;
    private final AtomicReferenceArray<@Nullable Ahead> ahead;
    private volatile Disposable.@Nullable Composite sentUntil;

    /** Counts as one request for each of its images, unless none may enter. */
    StoredImages(
            RemoteImages images, ZipRequest request, ZipProperties properties, Admission admission, Scheduler timer) {
        this.images = images;
        this.request = request;
        this.properties = properties;
        this.timer = timer;
        this.urls = request.images().stream()
                .map(RemoteImage::url)
                .map(url -> properties.reuse() == RemoteImages.Freshness.OFF ? null : images.canonical(url))
                .toArray(String[]::new);
        Set<String> all = Arrays.stream(urls).flatMap(Stream::ofNullable).collect(Collectors.toUnmodifiableSet());
        Set<String> again = admission == Admission.NONE ? Set.of() : images.admit(all);
        this.admitted = admission == Admission.ALL ? all : again;
        this.entering = admission == Admission.ALL ? RemoteImages.Entering.IN_TURN : RemoteImages.Entering.SOON;
        this.begun = properties.reuse() == RemoteImages.Freshness.OFF ? Instant.MAX : images.now();
        this.ahead = new AtomicReferenceArray<>(urls.length);
    }

    /**
     * From now on an image's content is a {@link FileSlice}, which whoever sends it has to be able to send.
     *
     * @param exchange holds the images until all is sent
     */
    void sendFiles(Disposable.Composite exchange) {
        sentUntil = exchange;
    }

    /** Whether an image may come from the store. */
    boolean isOfUse() {
        return !admitted.isEmpty() || Arrays.stream(urls).anyMatch(this::isStored);
    }

    private boolean isStored(@Nullable String url) {
        return url != null && images.has(url, properties.reuse());
    }

    /** Whether the store has all of them, as far as can be told without asking their origins. */
    boolean areAllStored() {
        return Arrays.stream(urls).allMatch(this::isStored);
    }

    /**
     * The image from its file; empty when it is to be fetched.
     *
     * <p>Fails with {@link FetchException} when its origin has none.
     *
     * @param onOpen takes ownership of the image
     * @param buffers makes the buffers that the file is read into
     */
    Mono<FetchedImage> take(int index, Consumer<? super OpenImage> onOpen, DataBufferFactory buffers) {
        return Mono.defer(() -> {
            Disposable.Composite exchange = sentUntil;
            Consumer<? super OpenImage> holder = exchange == null ? onOpen : exchange::add;
            Mono<OpenImage> image = switch (ahead.getAndSet(index, null)) {
                case Ahead.Opened(OpenImage opened) -> {
                    holder.accept(opened);
                    yield Mono.just(opened);
                }
                case Ahead.Refused(FetchException failure) -> Mono.error(failure);
                case Ahead.Absent() -> Mono.empty();
                case null -> open(index, holder);
            };
            return image.mapNotNull(opened -> image(index, opened, buffers));
        });
    }

    private Mono<OpenImage> open(int index, Consumer<? super OpenImage> onOpen) {
        String url = urls[index];
        return url == null
                ? Mono.empty()
                : images.get(
                                url,
                                properties.reuse(),
                                admitted.contains(url) ? entering : RemoteImages.Entering.NOT,
                                onOpen)
                        .filter(image -> isWanted(image) || isDisposed(image));
    }

    /**
     * Copies the image if it came into the store, or was confirmed there, since this request came: its file could not
     * be had, and it is not fetched a second time. Empty when that is not so, or it cannot be read.
     *
     * @param request owns the stored image until it is copied
     * @param resources of the copy
     */
    Mono<FetchedImage> copyInto(
            int index, ImageBytes bytes, ArchiveResources request, Disposable resources, DataBufferFactory buffers) {
        String url = urls[index];
        return url == null
                ? Mono.empty()
                : images.copy(url, properties.reuse(), begun, request::add)
                        .flatMap(image -> copy(index, image, bytes, resources, buffers)
                                .onErrorResume(IOException.class, unreadable -> {
                                    LOG.debug("cannot read what is stored of {}", url, unreadable);
                                    return Mono.empty();
                                })
                                .doFinally(end -> {
                                    request.remove(image);
                                    image.dispose();
                                }));
    }

    private Mono<FetchedImage> copy(
            int index, SendableImage image, ImageBytes bytes, Disposable resources, DataBufferFactory buffers) {
        ImageType type = type(image);
        if (type == null || !isWanted(image)) {
            return Mono.empty();
        }
        long length = image.meta().length();
        BodyTotals totals = new BodyTotals();
        return bytes.receive(ByteStreams.totalled(image.bytes(0, length, buffers), totals))
                .then(Mono.fromCallable(() -> {
                    if (totals.bytes() != length) {
                        throw new EOFException("ends after " + totals.bytes() + " of " + length + " bytes");
                    }
                    return new FetchedImage(
                            urlName(index),
                            type,
                            length,
                            totals.crc32(),
                            ImageIntake.entryTime(image.meta().originLastModified()),
                            bytes.content(),
                            resources);
                }));
    }

    private boolean isWanted(SendableImage image) {
        return image.meta().length() <= properties.maxImageSize().toBytes() && type(image) != null;
    }

    private static boolean isDisposed(SendableImage image) {
        image.dispose();
        return false;
    }

    private static @Nullable ImageType type(SendableImage image) {
        return ImageTypes.rasterOf(image.meta().mediaType());
    }

    private @Nullable FetchedImage image(int index, OpenImage image, DataBufferFactory buffers) {
        ImageType type = type(image);
        if (type == null) {
            return null;
        }
        ImageFile file = new ImageFile(image);
        boolean isSent = sentUntil != null;
        return new FetchedImage(
                urlName(index),
                type,
                image.length(),
                image.crc32(),
                ImageIntake.entryTime(image.meta().originLastModified()),
                isSent ? Flux.just(file.slice()) : file.bytes(0, image.length(), buffers),
                isSent ? Disposables.single() : image);
    }

    private String urlName(int index) {
        return ImageIntake.lastSegment(URI.create(Objects.requireNonNull(urls[index])));
    }

    /**
     * All of them as one archive; empty when that is not known, or not in time. What was found out until then is not
     * asked for again when its turn comes.
     *
     * @param resources takes ownership of every image that is opened
     */
    Mono<SeekableArchive> archive(Duration timeout, Disposable.Composite resources) {
        return Flux.range(0, urls.length)
                .flatMap(index -> openAhead(index, resources), CONFIRMED_AT_ONCE, 1)
                .then(Mono.fromSupplier(this::opened))
                .filter(opened -> opened.size() == urls.length)
                .map(this::archive)
                .timeout(timeout, Mono.empty(), timer);
    }

    private Mono<OpenImage> openAhead(int index, Disposable.Composite resources) {
        return open(index, image -> {
                    resources.add(image);
                    ahead.set(index, new Ahead.Opened(image));
                })
                .switchIfEmpty(Mono.fromRunnable(() -> ahead.set(index, new Ahead.Absent())))
                .onErrorResume(FetchException.class, failure -> {
                    ahead.set(index, new Ahead.Refused(failure));
                    return Mono.empty();
                });
    }

    private List<OpenImage> opened() {
        List<OpenImage> opened = new ArrayList<>();
        for (int index = 0; index < urls.length; index++) {
            if (ahead.get(index) instanceof Ahead.Opened(OpenImage image) && !image.isDisposed()) {
                opened.add(image);
            }
        }
        return opened;
    }

    /** Writes that all images of the archive are in. */
    void tell(LocalProgress progress) {
        for (int index = 0; index < urls.length; index++) {
            if (ahead.get(index) instanceof Ahead.Opened(OpenImage image)) {
                long length = image.length();
                progress.begun(index, () -> length);
                progress.done(index);
            }
        }
    }

    private SeekableArchive archive(List<OpenImage> opened) {
        EntryNames names = new EntryNames();
        List<SeekableArchive.Entry> entries = new ArrayList<>();
        for (int index = 0; index < opened.size(); index++) {
            OpenImage image = opened.get(index);
            String given = request.images().get(index).name();
            EntryHeader header = new EntryHeader(
                    names.claim(
                            given == null ? urlName(index) : given,
                            Objects.requireNonNull(type(image)).extension()),
                    image.length(),
                    image.crc32(),
                    ImageIntake.entryTime(image.meta().originLastModified()));
            entries.add(new SeekableArchive.Entry(header, image.meta().etag()));
        }
        return SeekableArchive.of(
                entries, index -> Mono.just(new ImageFile(opened.get(index))), new ImageFile(opened.getFirst()).file());
    }
}
