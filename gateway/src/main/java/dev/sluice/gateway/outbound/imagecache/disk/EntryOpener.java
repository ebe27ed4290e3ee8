package dev.sluice.gateway.outbound.imagecache.disk;

import dev.sluice.gateway.outbound.imagecache.disk.Evictions.Cause;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Clock;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Opens entries: from memory, or from a file whose body is known to be right, and else once it is. An entry that is
 * opened in its file stays pinned until its image is disposed of.
 */
final class EntryOpener {
    /** A body is read and compared anew when so long has passed, or its file has changed. */
    private static final Duration CHECKED_FOR = Duration.ofHours(1);

    private final CacheIndex index;
    private final CacheDirectory directory;
    private final MemoryTier hot;
    private final Evictions evictions;
    private final CacheMaintenance maintenance;
    private final ChecksumVerifier bodies;
    private final Clock clock;

    EntryOpener(
            CacheIndex index,
            CacheDirectory directory,
            MemoryTier hot,
            Evictions evictions,
            CacheMaintenance maintenance,
            ChecksumVerifier bodies,
            Clock clock) {
        this.index = index;
        this.directory = directory;
        this.hot = hot;
        this.evictions = evictions;
        this.maintenance = maintenance;
        this.bodies = bodies;
        this.clock = clock;
    }

    /** As {@link ImageCache#openNow}. */
    @Nullable OpenImage openNow(String canonicalUrl) {
        CacheEntry entry = maintenance.isClosed() ? null : index.pin(Sha256.of(canonicalUrl));
        if (entry == null) {
            return null;
        }
        OpenImage image = maintenance.isExpired(entry, clock.millis()) ? null : inMemory(canonicalUrl, entry);
        if (image == null && isSound(entry)) {
            image = inFile(canonicalUrl, entry, evictions::unpin);
        }
        if (image == null || image.memory() != null) {
            evictions.unpin(entry);
        }
        return image;
    }

    /** The entry of {@code url}, from memory where it is there. */
    void open(String url, HandoffMono.Receiver receiver) {
        CacheEntry entry = maintenance.isClosed() ? null : index.pin(Sha256.of(url));
        if (entry != null && !maintenance.isExpired(entry, clock.millis())) {
            OpenImage image = inMemory(url, entry);
            if (image != null) {
                give(image, entry, receiver, evictions::unpin);
                return;
            }
        }
        openFile(url, entry, receiver, this::inMemoryOrFile, evictions::unpin);
    }

    /** As {@link ImageCache#openFile}. */
    void openFile(String url, long mostPinned, HandoffMono.Receiver receiver) {
        CacheEntry entry = maintenance.isClosed() ? null : index.pinWithin(Sha256.of(url), mostPinned);
        openFile(url, entry, receiver, this::inFile, evictions::unpinBounded);
    }

    private void openFile(
            String url,
            @Nullable CacheEntry entry,
            HandoffMono.Receiver receiver,
            Opening opening,
            Consumer<CacheEntry> unpin) {
        if (entry == null) {
            receiver.giveNothing();
        } else if (maintenance.isExpired(entry, clock.millis())) {
            evictions.drop(entry, Cause.EXPIRED);
            give(null, entry, receiver, unpin);
        } else if (isSound(entry)) {
            give(inFile(url, entry, unpin), entry, receiver, unpin);
        } else if (!entry.isLive()) { // it was just found out that its file is not right
            give(null, entry, receiver, unpin);
        } else {
            bodies.check(entry)
                    .subscribe(
                            sound -> give(sound ? opening.image(url, entry, unpin) : null, entry, receiver, unpin),
                            failed -> give(null, entry, receiver, unpin));
        }
    }

    /** A pinned entry whose body is known to be right. */
    void openPinned(String url, CacheEntry entry, HandoffMono.Receiver receiver) {
        give(inMemoryOrFile(url, entry, evictions::unpin), entry, receiver, evictions::unpin);
    }

    private static void give(
            @Nullable OpenImage image, CacheEntry entry, HandoffMono.Receiver receiver, Consumer<CacheEntry> unpin) {
        if (image == null || image.memory() != null) {
            unpin.accept(entry);
        }
        if (image == null) {
            receiver.giveNothing();
        } else {
            receiver.give(image);
        }
    }

    /** A pinned entry's image, from where a reader wants it. */
    @FunctionalInterface
    private interface Opening {
        @Nullable OpenImage image(String url, CacheEntry entry, Consumer<CacheEntry> unpin);
    }

    private @Nullable OpenImage inMemoryOrFile(String url, CacheEntry entry, Consumer<CacheEntry> unpin) {
        OpenImage memory = inMemory(url, entry);
        return memory == null ? inFile(url, entry, unpin) : memory;
    }

    private @Nullable OpenImage inMemory(String url, CacheEntry entry) {
        ByteBuf body = entry.verified() == null ? null : hot.get(entry);
        return body == null ? null : OpenImage.inMemory(entry.meta(url), body);
    }

    /** A pinned entry's image, which takes the pin; null when its body is not known to be right. */
    private @Nullable OpenImage inFile(String url, CacheEntry entry, Consumer<CacheEntry> unpin) {
        CacheEntry.Verified verified = entry.verified();
        if (verified == null) {
            return null;
        }
        bodies.warm(entry);
        return OpenImage.inFile(
                entry.meta(url),
                directory.path(entry.name()),
                entry.headerLength(),
                verified.crc32(),
                () -> unpin.accept(entry));
    }

    /** Whether the file is what was checked not long ago, as far as its length and its time tell. */
    private boolean isSound(CacheEntry entry) {
        CacheEntry.Verified verified = entry.verified();
        try {
            BasicFileAttributes file = Files.readAttributes(directory.path(entry.name()), BasicFileAttributes.class);
            if (file.size() == entry.fileLength()) {
                return verified != null
                        && file.lastModifiedTime().equals(verified.modified())
                        && clock.millis() - verified.at() < CHECKED_FOR.toMillis();
            }
            evictions.drop(entry, Cause.DAMAGED);
        } catch (IOException gone) {
            evictions.drop(entry, Cause.MISSING);
            maintenance.noticeMissing();
        }
        return false;
    }
}
