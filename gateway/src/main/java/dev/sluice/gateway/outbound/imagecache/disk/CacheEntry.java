package dev.sluice.gateway.outbound.imagecache.disk;

import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One file of the cache, as the index knows it: all that serving it needs, but not its URL, which whoever asks knows.
 * Its state and its readers belong to {@link CacheIndex} and change under that one's lock.
 */
final class CacheEntry {
    private final Name name;
    private final long fileLength;
    private final int headerLength;
    private final String mediaType;
    private final String etag;
    private final @Nullable String originEtag;
    private final @Nullable String originLastModified;
    private final @Nullable String originSource;
    private final AtomicReference<EntryFile.Validation> validation;
    private final AtomicBoolean renewing = new AtomicBoolean();
    private volatile @Nullable Verified verified;

    volatile State state = State.LIVE;
    int readers;
    int boundedReaders; // of them, those of CacheIndex.pinWithin
    int uses; // since it was last considered for eviction

    /**
     * Which file an entry is in. Every storing has a version of its own, so no name is ever used twice: whoever reads a
     * file never finds another image under its name, and an image can be replaced while the one before is still read.
     *
     * @param key SHA-256 of the canonical URL
     * @param version counts up with every storing, across restarts
     */
    record Name(Sha256 key, long version) {
        private static final String TEMPORARY = ".tmp";
        private static final Pattern NAME = Pattern.compile("([0-9a-f]{64})-([0-9a-f]{1,15})(\\.tmp)?");

        /** A name in a shard, or null for a file that is none of the cache's. */
        static @Nullable Name parse(Path shard, Path file) {
            Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
            if (!name.matches() || !name.group(1).startsWith(String.valueOf(shard.getFileName()))) {
                return null;
            }
            return new Name(Sha256.parse(name.group(1)), Long.parseLong(name.group(2), 16));
        }

        static boolean isTemporary(Path file) {
            return file.toString().endsWith(TEMPORARY);
        }

        /** The directory it lies in, relative to the cache's. */
        String shard() {
            return key.hex().substring(0, 2);
        }

        String file() {
            return key.hex() + '-' + Long.toHexString(version);
        }

        String temporaryFile() {
            return file() + TEMPORARY;
        }
    }

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

    CacheEntry(Name name, EntryFile.Header header) {
        CachedMeta meta = header.meta();
        this.name = name;
        this.fileLength = header.fileLength();
        this.headerLength = header.length();
        this.mediaType = meta.mediaType().intern(); // there are few
        this.etag = meta.etag();
        this.originEtag = meta.originEtag();
        this.originLastModified = meta.originLastModified();
        this.originSource = meta.originSource();
        this.validation = new AtomicReference<>(EntryFile.Validation.of(meta.storedAt(), meta.freshFor()));
    }

    Name name() {
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

    EntryFile.Validation validation() {
        return validation.get();
    }

    void validation(EntryFile.Validation newer) {
        validation.set(newer);
    }

    /** Its time, which is never later than {@code now}: one that was is set to it. */
    EntryFile.Validation clamp(long now) {
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
        EntryFile.Validation now = validation.get();
        return new CachedMeta(
                url,
                mediaType,
                etag,
                bodyLength(),
                Instant.ofEpochMilli(now.storedAt()),
                now.freshFor(),
                originEtag,
                originLastModified,
                originSource,
                true);
    }
}
