package dev.sluice.gateway.outbound.imagecache;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.outbound.imagecache.disk.CachedMeta;
import dev.sluice.gateway.outbound.imagecache.disk.ImageCache;
import dev.sluice.gateway.outbound.imagecache.disk.OpenImage;
import dev.sluice.gateway.outbound.imagecache.disk.SendableImage;
import dev.sluice.gateway.outbound.share.EvictionShares;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

/**
 * The cache as the proxy sees it: something that may store an image and its thumbnails, or may not, and then the proxy
 * does without.
 *
 * <pre>
 *   https://e.com/a.jpg          the original
 *   https://e.com/a.jpg w=320    its thumbnail: as old as the original that it was made from, whose ETag stands where
 *                                an original has its origin's. No bytes: the original itself is sent at this width
 * </pre>
 *
 * A thumbnail may outlive its original, which is larger and is evicted first, but not together with another original:
 * one that is stored takes the thumbnails of the one before with it. What purges an original purges its thumbnails, and
 * what renews it renews them.
 */
public final class ImageStore implements AutoCloseable {
    /** URLs that share one are taken for purged together, which costs one more fetch. */
    private static final int PURGE_COUNTERS = 1024;

    private final @Nullable ImageCache cache;
    private final Duration ttl;
    private final Duration writeTimeout;
    private final EvictionShares shares;
    private final long mostPinned;
    private final AtomicIntegerArray purges = new AtomicIntegerArray(PURGE_COUNTERS);

    /**
     * The store.
     *
     * @param cache null for none
     * @param mostPinned bytes of files that archives may keep from being evicted
     */
    ImageStore(
            @Nullable ImageCache cache, Duration ttl, Duration writeTimeout, EvictionShares shares, long mostPinned) {
        this.cache = cache;
        this.ttl = ttl;
        this.writeTimeout = writeTimeout;
        this.shares = shares;
        this.mostPinned = mostPinned;
    }

    /** Whether there is a cache at all. */
    public boolean enabled() {
        return cache != null;
    }

    /** Whether it takes images now: not before it knows what it has, nor while the directory is another process's. */
    public boolean takesImages() {
        return cache != null && cache.isComplete();
    }

    /** How long an image is fresh. */
    public Duration ttl() {
        return ttl;
    }

    /** What is stored of {@code url}, fresh or not; the subscriber disposes of it. */
    public Mono<SendableImage> open(String url) {
        return cache == null ? Mono.empty() : cache.open(url).cast(SendableImage.class);
    }

    /** As {@link #open}, what can be had at once; null where that is not so. The caller disposes of it. */
    public @Nullable SendableImage openNow(String url) {
        return cache == null ? null : cache.openNow(url);
    }

    /**
     * What is stored of {@code url}, fresh or not, in its file, whose body was checked not long ago; the subscriber
     * disposes of it. Empty, too, when readers hold half of all the store may take, and would hold more: clients that
     * read slowly keep no more of the disk from others.
     */
    Mono<OpenImage> openFile(String url) {
        return cache == null ? Mono.empty() : cache.openFile(url, mostPinned);
    }

    /**
     * What is sent of {@code url} at a width, fresh or not: its thumbnail, or the original where that is small enough.
     * Empty when neither is stored, or the thumbnail is not of the original that is.
     *
     * @param resources takes the image
     */
    public Mono<SendableImage> openThumbnail(String url, int width, Disposable.Composite resources) {
        return open(CachedMeta.thumbnailKey(url, width))
                .doOnNext(resources::add)
                .flatMap(thumbnail -> {
                    CachedMeta meta = thumbnail.meta();
                    CachedMeta original = find(url);
                    if (original == null ? meta.length() > 0 : meta.isOf(original)) {
                        return meta.length() > 0 ? Mono.just(thumbnail) : openOriginal(url, meta, resources);
                    }
                    thumbnail.dispose();
                    return Mono.empty();
                });
    }

    private Mono<SendableImage> openOriginal(String url, CachedMeta mark, Disposable.Composite resources) {
        return open(url).doOnNext(resources::add).filter(image -> mark.isOf(image.meta()));
    }

    /**
     * Stores an image and opens it as it is stored; empty when that cannot be done, or not in time, when its URL has
     * been purged since it was asked for, or when others would have to make more room for its caller than is its share.
     *
     * @param bytes held by the caller until this has ended
     * @param resources takes the image; one that comes in the very moment that the time is up is otherwise nobody's
     * @param purgesBefore what {@link #purges} said before its origin was asked
     */
    public Mono<SendableImage> put(
            CachedMeta meta, BufferedBody bytes, Disposable.Composite resources, int purgesBefore) {
        return Mono.defer(() -> purges(meta.url()) == purgesBefore
                        ? write(meta, bytes.buffers(), resources)
                        : Mono.<SendableImage>empty())
                .doOnNext(stored -> {
                    if (purges(meta.url()) == purgesBefore) {
                        dropOthers(stored.meta());
                    } else {
                        drop(meta.url()); // the purge found nothing yet under this name
                    }
                });
    }

    /** How often {@code url} may have been purged so far. */
    public int purges(String url) {
        return purges.get(counter(url));
    }

    private static int counter(String url) {
        return Math.floorMod(url.hashCode(), PURGE_COUNTERS);
    }

    private void dropOthers(CachedMeta original) {
        thumbnails(original.url())
                .filter(thumbnail -> !thumbnail.isOf(original))
                .forEach(thumbnail -> drop(thumbnail.url()));
    }

    /**
     * As {@link #put}, a thumbnail of an original that is stored. Empty, too, when that is not: nothing would tell that
     * it is to be forgotten.
     */
    public Mono<SendableImage> putThumbnail(
            CachedMeta original, CachedMeta meta, BufferedBody bytes, Disposable.Composite resources) {
        return writeBeside(original, meta, bytes.buffers(), resources);
    }

    /** Notes that the original itself is sent at a width; whether that could be done. */
    public Mono<Boolean> putOriginalAsThumbnail(CachedMeta original, int width, Disposable.Composite resources) {
        return writeBeside(original, original.thumbnail(width, original.mediaType(), "", 0), List.of(), resources)
                .doOnNext(Disposable::dispose)
                .hasElement();
    }

    private Mono<SendableImage> writeBeside(
            CachedMeta original, CachedMeta meta, List<DataBuffer> body, Disposable.Composite resources) {
        return Mono.defer(() -> isStored(original) ? write(meta, body, resources) : Mono.<SendableImage>empty())
                .doOnNext(stored -> {
                    // A purge in between found nothing yet under this name.
                    if (!isStored(original)) {
                        drop(meta.url());
                    }
                });
    }

    private boolean isStored(CachedMeta original) {
        CachedMeta stored = find(original.url());
        return stored != null && stored.etag().equals(original.etag());
    }

    private Mono<SendableImage> write(CachedMeta meta, List<DataBuffer> body, Disposable.Composite resources) {
        ImageCache all = cache;
        return all == null
                ? Mono.empty()
                : Mono.deferContextual(context -> isWithinShare(all, CachedMeta.length(body), context)
                                ? all.store(meta, body)
                                : Mono.<OpenImage>empty())
                        .cast(SendableImage.class)
                        .doOnNext(resources::add)
                        .timeout(writeTimeout, Mono.empty());
    }

    private boolean isWithinShare(ImageCache all, long length, ContextView context) {
        long room = all.roomToMake(length);
        return room == 0
                || Caller.find(context)
                        .map(caller -> shares.take(caller.accountable(), room))
                        .orElse(true);
    }

    private void drop(String url) {
        if (cache != null) {
            cache.dropOutdated(url);
        }
    }

    /**
     * The origin has said that what is stored is as good as new.
     *
     * @param renewed what is stored, and how long it is fresh from now on
     */
    public Mono<Void> renew(CachedMeta renewed, Instant at) {
        ImageCache all = cache;
        return all == null
                ? Mono.empty()
                : Flux.fromStream(() -> Stream.concat(
                                Stream.of(renewed),
                                thumbnails(renewed.url())
                                        .filter(thumbnail -> thumbnail.isOf(renewed))
                                        .map(thumbnail -> thumbnail.fresh(renewed.freshFor()))))
                        .concatMap(meta -> all.renew(meta, at))
                        .then()
                        .timeout(writeTimeout, Mono.empty());
    }

    /** Forgets what is stored of {@code url}, thumbnails too; whether there was anything. */
    public Mono<Boolean> purge(String url) {
        purges.incrementAndGet(counter(url));
        ImageCache all = cache;
        return all == null
                ? Mono.just(false)
                // All leave the index at once, the original first: a thumbnail that comes now sees that it is gone.
                : Flux.fromIterable(CachedMeta.thumbnailKeys(url))
                        .startWith(url)
                        .flatMap(all::purge)
                        .reduce(false, Boolean::logicalOr)
                        .timeout(writeTimeout, Mono.just(true));
    }

    /** Forgets all that is stored; gives how much that was. */
    public Mono<Integer> purgeAll() {
        for (int counter = 0; counter < PURGE_COUNTERS; counter++) {
            purges.incrementAndGet(counter);
        }
        return cache == null ? Mono.just(0) : cache.purgeAll();
    }

    /** The number of the last purge that took place in what is stored, as it stands there; 0 when none does. */
    public Mono<Long> lastPurge() {
        return cache == null ? Mono.just(0L) : cache.lastPurge();
    }

    /** Keeps that number; whether it could. */
    public Mono<Boolean> saveLastPurge(long number) {
        return cache == null ? Mono.just(true) : cache.saveLastPurge(number);
    }

    /** What is known of {@code url}, or null. */
    public @Nullable CachedMeta find(String url) {
        return cache == null ? null : cache.lookup(url);
    }

    /** What is known of the thumbnails of {@code url}, narrowest first; of one without bytes, too. */
    public List<CachedMeta> findThumbnails(String url) {
        return thumbnails(url).toList();
    }

    private Stream<CachedMeta> thumbnails(String url) {
        return CachedMeta.thumbnailKeys(url).stream().map(this::find).flatMap(Stream::ofNullable);
    }

    /** Whether anything is stored of {@code url}. */
    public boolean has(String url) {
        return find(url) != null || thumbnails(url).findAny().isPresent();
    }

    @Override
    public void close() {
        if (cache != null) {
            cache.close();
        }
    }
}
