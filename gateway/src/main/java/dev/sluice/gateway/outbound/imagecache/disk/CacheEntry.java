package dev.sluice.gateway.outbound.imagecache.disk;

import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One file of the cache, as the index knows it: all that serving it needs, but not its URL, which whoever asks knows.
 * Its state and its readers belong to {@link CacheIndex} and change under that one's lock.
 */
final class CacheEntry {
    private final EntryName name;
    private final long fileLength;
    private final int headerLength;
    private final String mediaType;
    private final String etag;
    private final @Nullable String originEtag;
    private final @Nullable String originLastModified;
    private final AtomicReference<ValidationTime> validation;
    private final AtomicBoolean renewing = new AtomicBoolean();
    private volatile @Nullable Verified verified;

    volatile State state = State.LIVE;
    int readers;
    int boundedReaders; // of them, those of CacheIndex.pinWithin
    int uses; // since it was last considered for eviction

    /** Live: in the index. Leaving: out of it, its file still there. Gone: deleted. */
    enum State {
        LIVE,
        LEAVING,
        GONE
    }

    /**
     * That its body was written or read whole, and found right.
     *
     * @param crc32 of the body
     * @param modified when its file was changed last, by then
     * @param at milliseconds since 1970
     */
    record Verified(long crc32, FileTime modified, long at) {}

    CacheEntry(EntryName name, EntryFile.Header header) {
        CachedMeta meta = header.meta();
        this.name = name;
        this.fileLength = header.fileLength();
        this.headerLength = header.length();
        this.mediaType = meta.mediaType().intern(); // there are few
        this.etag = meta.etag();
        this.originEtag = meta.originEtag();
        this.originLastModified = meta.originLastModified();
        this.validation = new AtomicReference<>(ValidationTime.of(meta.storedAt(), meta.freshFor()));
    }

    EntryName name() {
        return name;
    }

    long fileLength() {
        return fileLength;
    }

    /** What it takes of the disk. */
    long blocks() {
        return EntryFile.blocks(fileLength);
    }

    int headerLength() {
        return headerLength;
    }

    long bodyLength() {
        return fileLength - headerLength;
    }

    String etag() {
        return etag;
    }

    boolean isLive() {
        return state == State.LIVE;
    }

    ValidationTime validation() {
        return validation.get();
    }

    void validation(ValidationTime newer) {
        validation.set(newer);
    }

    /** Its time, which is never later than {@code now}: one that was is set to it. */
    ValidationTime clamp(long now) {
        return validation.updateAndGet(before -> before.notAfter(now));
    }

    /** False while another thread renews its file; after true, {@link #endRenewal} must follow. */
    boolean beginRenewal() {
        return renewing.compareAndSet(false, true);
    }

    void endRenewal() {
        renewing.set(false);
    }

    /** What is known of its body, if this process has written or read it whole; null otherwise. */
    @Nullable Verified verified() {
        return verified;
    }

    void verify(Verified found) {
        verified = found;
    }

    /** The file was changed by the cache itself. */
    void changed(FileTime before, FileTime after) {
        Verified known = verified;
        if (known != null && known.modified().equals(before)) {
            verified = new Verified(known.crc32(), after, known.at());
        }
    }

    /** What is known of it, for one who knows its URL. */
    CachedMeta meta(String url) {
        ValidationTime now = validation.get();
        return new CachedMeta(
                url,
                mediaType,
                etag,
                bodyLength(),
                Instant.ofEpochMilli(now.storedAt()),
                now.freshFor(),
                originEtag,
                originLastModified);
    }
}
