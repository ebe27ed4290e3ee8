package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.http.HttpDate;
import dev.sluice.gateway.outbound.fetch.FetchException;
import dev.sluice.gateway.outbound.fetch.FetchFailure;
import dev.sluice.gateway.outbound.fetch.FetchRequest;
import dev.sluice.gateway.outbound.fetch.FetchRequest.Media;
import dev.sluice.gateway.outbound.fetch.OriginFetch;
import dev.sluice.gateway.outbound.fetch.OriginResponse;
import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.share.CallerShares;
import dev.sluice.gateway.outbound.spool.Spool;
import dev.sluice.gateway.outbound.spool.SpooledBytes;
import dev.sluice.zipstream.BodyTotals;
import dev.sluice.zipstream.BudgetExhaustedException;
import dev.sluice.zipstream.BufferBudget;
import dev.sluice.zipstream.BufferBudget.Reservation;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.http.HttpHeaders;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Brings one image in, whole, into memory that was reserved for it or, when there is none, onto disk.
 *
 * <p>Every image belongs to a request's {@link ArchiveResources} from the moment something is reserved for it, and
 * leaves it when it has been freed. Whatever operators do on cancel, disposing of that frees all.
 */
final class ImageIntake {
    private static final Logger LOG = LoggerFactory.getLogger(ImageIntake.class);
    private static final int LONGEST_IN_QUEUE = 20; // times spoolAfter, while the queue moves
    private static final int DISK_SHARES = 4;
    private static final Instant UNDATED = Instant.parse("1980-01-01T00:00:00Z");

    /** Who wants to know how far an image is. Called on the thread that brings it. */
    interface Listener {
        /** Room has been found; it is asked for now. */
        void admitted();

        /** It comes now, from its first byte, as far as {@code bytes} says. Again when it broke off. */
        void receiving(LongSupplier bytes);
    }

    /** Brings in an image that is in the store. */
    @FunctionalInterface
    interface StoredImage {
        /**
         * Copies it; empty when it is not there, or cannot be read.
         *
         * @param resources of the image
         */
        Mono<FetchedImage> copyInto(ImageBytes bytes, Disposable resources);
    }

    /**
     * An image to bring in.
     *
     * @param url as the caller gave it
     * @param stored instead of which it is fetched
     */
    record Wanted(String url, StoredImage stored) {}

    private final OriginFetch origins;
    private final ZipProperties properties;
    private final BufferBudget memory;
    private final BufferBudget disk;
    private final long largestOnDisk;
    private final CallerShares diskShares;
    private final Spool spool;
    private final Scheduler diskThreads;

    ImageIntake(
            OriginFetch origins,
            ZipProperties properties,
            BufferBudget memory,
            BufferBudget disk,
            Spool spool,
            Scheduler diskThreads,
            Scheduler timer) {
        this.origins = origins;
        this.properties = properties;
        this.memory = memory;
        this.disk = disk;
        this.largestOnDisk = largestOnDisk(properties, disk);
        this.diskShares = new CallerShares(disk, Math.max(disk.capacity() / DISK_SHARES, largestOnDisk), timer);
        this.spool = spool;
        this.diskThreads = diskThreads;
    }

    /**
     * One image. Fails with {@link BudgetExhaustedException} when there was no room for it for {@code timeout}, and
     * with a fetch failure when it could not be had.
     *
     * @param ready completes when the archive needs this image next
     * @param request owns the image until its resources are disposed of
     * @param listener is told how far it is
     * @param buffers makes buffers where the bytes need new ones
     */
    Mono<FetchedImage> take(
            Wanted image,
            Mono<Void> ready,
            Duration timeout,
            ArchiveResources request,
            Listener listener,
            DataBufferFactory buffers) {
        return into(room(ready, timeout, request, buffers), timeout, image, request, listener);
    }

    private Mono<FetchedImage> into(
            Mono<ImageBytes> room, Duration timeout, Wanted image, ArchiveResources request, Listener listener) {
        Mono<FetchedImage> whenDiskFails =
                inMemory(timeout, request).flatMap(bytes -> bringInto(bytes, image, request, listener));
        return room.flatMap(bytes -> bringInto(bytes, image, request, listener))
                .onErrorResume(UncheckedIOException.class, failed -> {
                    LOG.warn("cannot spool, waiting for memory instead: {}", failed.toString());
                    return whenDiskFails;
                });
    }

    /** What one archive of the most images takes, as far as there is so much. */
    private static long largestOnDisk(ZipProperties properties, BufferBudget disk) {
        return Math.min(properties.maxImages() * properties.maxImageSize().toBytes(), disk.capacity());
    }

    /**
     * Room on disk for so many images, at once. Fails with {@link BudgetExhaustedException} when there is none for
     * {@code timeout}. All archives of one caller have a quarter of the disk, or one archive has its room; the next
     * waits for those, and keeps nobody else waiting. The subscriber disposes of it.
     */
    Mono<DiskShares> shares(int images, Duration timeout) {
        long each = properties.maxImageSize().toBytes();
        return diskShares
                .reserve(Math.min(images * each, largestOnDisk), timeout)
                .map(reservation -> new DiskShares(reservation, each));
    }

    /**
     * One image, for an archive that waits for all of its own: into memory while there is plenty, else into one of the
     * {@code shares}. It does not wait for room, so that no archive holds some while it waits for more; except where
     * the whole disk budget has not as many shares, and then for memory.
     */
    Mono<FetchedImage> take(
            Wanted image, DiskShares shares, ArchiveResources request, Listener listener, DataBufferFactory buffers) {
        Mono<ImageBytes> onDisk = Mono.defer(() -> {
            Reservation share = shares.next();
            return share == null
                    ? inMemory(properties.queueTimeout(), request)
                    : Mono.just(onDisk(share, request, buffers));
        });
        Mono<ImageBytes> room = memoryLeaving(memory.capacity() / 2, request)
                .onErrorResume(BudgetExhaustedException.class, memoryIsShort -> onDisk);
        return into(room, properties.queueTimeout(), image, request, listener);
    }

    /**
     * Memory, if there is some at once. If not, an image that is fetched ahead waits for its turn: putting it on disk
     * would cost more than it gains. One whose turn it is waits in the queue for memory while that moves, and goes to
     * disk when it stands still: memory that nobody gives back is held by clients that do not read. From then on the
     * others of its request are fetched ahead to disk, until memory is found again.
     *
     * <p>An image that is fetched ahead leaves room for one more, in memory and on disk: archives that held all of it
     * for images that are not their next would wait for each other.
     */
    private Mono<ImageBytes> room(
            Mono<Void> ready, Duration timeout, ArchiveResources request, DataBufferFactory buffers) {
        Mono<ImageBytes> next = inMemory(
                        properties.spoolAfter().multipliedBy(LONGEST_IN_QUEUE), properties.spoolAfter(), request)
                .onErrorResume(BudgetExhaustedException.class, memoryIsShort -> {
                    request.memoryIsShort(true);
                    return onDisk(timeout, request, buffers);
                });
        Mono<ImageBytes> ahead = memoryLeaving(largestInMemory(), request)
                .onErrorResume(
                        BudgetExhaustedException.class,
                        noneToSpare ->
                                request.memoryIsShort() ? diskLeaving(request, buffers) : Mono.error(noneToSpare));
        return ahead.onErrorResume(BudgetExhaustedException.class, noneToSpare -> ready.then(next));
    }

    private Mono<ImageBytes> inMemory(Duration timeout, ArchiveResources request) {
        return inMemory(timeout, timeout, request);
    }

    private Mono<ImageBytes> inMemory(Duration timeout, Duration standstill, ArchiveResources request) {
        return memory.reserve(largestInMemory(), timeout, standstill)
                .map(reservation -> inMemory(reservation, request));
    }

    /** Memory now, if others have so much of it left then. */
    private Mono<ImageBytes> memoryLeaving(long spare, ArchiveResources request) {
        return memory.reserveLeaving(spare, largestInMemory()).map(reservation -> inMemory(reservation, request));
    }

    private ImageBytes inMemory(Reservation reservation, ArchiveResources request) {
        request.memoryIsShort(false);
        return ownedBy(
                request, new MemoryBytes(reservation, properties.maxImageSize().toBytes()));
    }

    private long largestInMemory() {
        return Math.min(MemoryBytes.footprint(properties.maxImageSize().toBytes()), memory.capacity());
    }

    private Mono<ImageBytes> onDisk(Duration timeout, ArchiveResources request, DataBufferFactory buffers) {
        return disk.reserve(properties.maxImageSize().toBytes(), timeout)
                .map(reservation -> onDisk(reservation, request, buffers));
    }

    /** Room on disk now, if others have some for one more image then. */
    private Mono<ImageBytes> diskLeaving(ArchiveResources request, DataBufferFactory buffers) {
        long most = properties.maxImageSize().toBytes();
        return disk.reserveLeaving(most, most).map(reservation -> onDisk(reservation, request, buffers));
    }

    private ImageBytes onDisk(Reservation reservation, ArchiveResources request, DataBufferFactory buffers) {
        return ownedBy(request, new ImageOnDisk(new SpooledBytes(reservation, spool::open, diskThreads, buffers)));
    }

    private static ImageBytes ownedBy(ArchiveResources request, ImageBytes bytes) {
        request.add(bytes);
        return bytes;
    }

    private Mono<FetchedImage> bringInto(ImageBytes bytes, Wanted image, ArchiveResources request, Listener listener) {
        Disposable resources = Disposables.composite(() -> {
            request.remove(bytes);
            bytes.dispose();
        });
        return Mono.defer(() -> {
                    listener.admitted();
                    return image.stored()
                            .copyInto(bytes, resources)
                            .doOnNext(copied -> listener.receiving(copied::size))
                            .switchIfEmpty(Mono.defer(() -> fetchInto(bytes, image.url(), listener, resources)));
                })
                .doOnError(failed -> resources.dispose());
    }

    private Mono<FetchedImage> fetchInto(ImageBytes bytes, String url, Listener listener, Disposable resources) {
        FetchRequest wanted = new FetchRequest(
                url,
                properties.maxImageSize().toBytes(),
                properties.imageTimeout(),
                UrlPolicy.PUBLIC_WEB,
                Media.RASTER_IMAGE);
        AtomicLong room = new AtomicLong(Long.MAX_VALUE);
        return origins.fetch(wanted, response -> {
            long declared = response.contentLength().orElse(Long.MAX_VALUE);
            if (declared > room.getAndSet(declared)) {
                return Mono.error(longerThanBefore());
            }
            return receive(response, bytes, resources, listener);
        });
    }

    /** What was reserved beyond the length that the origin first announced has been released. */
    private static FetchException longerThanBefore() {
        return new FetchException(
                FetchFailure.CONNECTION_FAILED, "The body broke off, and the retry had another length", null);
    }

    /** Called again when a body broke off: the bytes, their sum and their progress begin anew. */
    private static Mono<FetchedImage> receive(
            OriginResponse response, ImageBytes bytes, Disposable resources, Listener listener) {
        BodyTotals totals = response.totals();
        listener.receiving(totals::bytes);
        response.contentLength().ifPresent(bytes::expect);
        ImageType type = Objects.requireNonNull(response.image(), "an image was asked for");
        return bytes.receive(response.body())
                .then(Mono.fromSupplier(() -> new FetchedImage(
                        lastSegment(response.requested()),
                        type,
                        totals.bytes(),
                        totals.crc32(),
                        lastModified(response),
                        bytes.content(),
                        resources)));
    }

    /** What its URL calls an image. */
    static String lastSegment(URI url) {
        String path = url.getPath();
        return path.substring(path.lastIndexOf('/') + 1);
    }

    private static Instant lastModified(OriginResponse response) {
        return entryTime(response.headers().getFirst(HttpHeaders.LAST_MODIFIED));
    }

    /** An entry's time by its origin's {@code Last-Modified}, or a fixed date. */
    static Instant entryTime(@Nullable String lastModified) {
        Instant said = HttpDate.parse(lastModified);
        return said == null || said.isBefore(UNDATED) ? UNDATED : said;
    }
}
