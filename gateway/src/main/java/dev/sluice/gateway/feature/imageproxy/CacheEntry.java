package dev.sluice.gateway.feature.imageproxy;

import java.time.Duration;
import java.time.Instant;
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
    private volatile Stamp stamp;
    private volatile boolean verified;

    State state = State.LIVE;
    int readers;
    boolean renewing;

    /** Live: in the index. Leaving: out of it, its file still there. Gone: deleted. */
    enum State {
        LIVE,
        LEAVING,
        GONE
    }

    CacheEntry(EntryName name, EntryFile.Header header) {
        CachedMeta meta = header.meta();
        this.name = name;
        this.fileLength = header.fileLength();
        this.headerLength = header.length();
        this.mediaType = meta.mediaType().intern(); // there are few
        this.etag = meta.etag();
        this.originEtag = meta.originEtag();
        this.originLastModified = meta.originLastModified();
        this.stamp = Stamp.of(meta.storedAt(), meta.ageAtStore());
    }

    EntryName name() {
        return name;
    }

    long fileLength() {
        return fileLength;
    }

    /** What it takes of the disk. */
    long blocks() {
        return CacheIndex.blocks(fileLength);
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

    Stamp stamp() {
        return stamp;
    }

    void stamp(Stamp newer) {
        stamp = newer;
    }

    /** Whether this process has written or read its body whole. */
    boolean isVerified() {
        return verified;
    }

    void verify() {
        verified = true;
    }

    /** What is known of it, for one who knows its URL. */
    CachedMeta meta(String url) {
        Stamp now = stamp;
        return new CachedMeta(
                url,
                mediaType,
                etag,
                bodyLength(),
                Instant.ofEpochMilli(now.storedAt()),
                Duration.ofMillis(now.age()),
                originEtag,
                originLastModified);
    }
}
