package dev.sluice.gateway.outbound.imagecache.disk;

import dev.sluice.gateway.outbound.picture.Pictures;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;

/**
 * What is known of a cached image beside its bytes.
 *
 * @param url canonical
 * @param mediaType as it is served
 * @param etag ours, strong and quoted: of the body's SHA-256
 * @param length of the body, bytes
 * @param storedAt when it was last stored or validated
 * @param freshFor how long from then on its origin lets it be shown without being asked, after which it must not be
 *     shown unless the origin says so again; null where that is left to the cache
 * @param originEtag the origin's own header value; null when it sent none or one of more than 256 characters
 * @param originLastModified likewise
 * @param originSource which URL gave both, as the fetch names it: empty where it is {@code url} itself; null when that
 *     is not known, and then nothing is asked by them
 * @param mayBeStored whether its origin lets caches store it; of what is stored, always
 */
public record CachedMeta(
        String url,
        String mediaType,
        String etag,
        long length,
        Instant storedAt,
        @Nullable Duration freshFor,
        @Nullable String originEtag,
        @Nullable String originLastModified,
        @Nullable String originSource,
        boolean mayBeStored) {
    private static final int LONGEST_VALIDATOR = 256;

    public CachedMeta {
        originEtag = storable(originEtag);
        originLastModified = storable(originLastModified);
    }

    /** Of an image that caches may store, and that came from its URL without a redirect. */
    public CachedMeta(
            String url,
            String mediaType,
            String etag,
            long length,
            Instant storedAt,
            @Nullable Duration freshFor,
            @Nullable String originEtag,
            @Nullable String originLastModified) {
        this(url, mediaType, etag, length, storedAt, freshFor, originEtag, originLastModified, "", true);
    }

    /** How long ago it was stored or validated. Never negative. */
    public Duration age(Instant now) {
        Duration since = Duration.between(storedAt, now);
        return since.isNegative() ? Duration.ZERO : since;
    }

    /** The readable bytes of all buffers. */
    public static long length(List<DataBuffer> body) {
        return body.stream().mapToLong(DataBuffer::readableByteCount).sum();
    }

    public CachedMeta measured(String newEtag, long newLength, Instant newStoredAt) {
        return new CachedMeta(
                url,
                mediaType,
                newEtag,
                newLength,
                newStoredAt,
                freshFor,
                originEtag,
                originLastModified,
                originSource,
                mayBeStored);
    }

    /**
     * A thumbnail of this original: as old as it, with its ETag in the place of an origin's.
     *
     * @param newEtag of the thumbnail's own bytes
     */
    public CachedMeta thumbnail(int width, String type, String newEtag, long newLength) {
        return new CachedMeta(
                thumbnailKey(url, width),
                type,
                newEtag,
                newLength,
                storedAt,
                freshFor,
                etag,
                originLastModified,
                originSource,
                mayBeStored);
    }

    /** What a thumbnail of a width has in the place of a URL. No canonical URL has a space in it. */
    public static String thumbnailKey(String url, int width) {
        return url + " w=" + width;
    }

    /** Of all widths, narrowest first. */
    public static List<String> thumbnailKeys(String url) {
        return Pictures.WIDTHS.stream().map(width -> thumbnailKey(url, width)).toList();
    }

    /** The same, with another time from now on. */
    public CachedMeta fresh(@Nullable Duration newFreshFor) {
        return until(newFreshFor, mayBeStored);
    }

    /** The same, which its origin does not let caches keep any more. */
    public CachedMeta notStored() {
        return until(Duration.ZERO, false);
    }

    private CachedMeta until(@Nullable Duration newFreshFor, boolean mayStillBeStored) {
        return new CachedMeta(
                url,
                mediaType,
                etag,
                length,
                storedAt,
                newFreshFor,
                originEtag,
                originLastModified,
                originSource,
                mayStillBeStored);
    }

    /** The same bytes, to be treated as {@code original} is. */
    public CachedMeta like(CachedMeta original) {
        return original.mayBeStored ? fresh(original.freshFor) : notStored();
    }

    /** Whether it must not be shown when its time is up and its origin has not answered. */
    public boolean isBound() {
        return freshFor != null;
    }

    /** Whether the cache could ever show it again: there is time left, or something to ask the origin by. */
    public boolean isReusable() {
        return freshFor == null || freshFor.isPositive() || hasValidators();
    }

    /** Whether there is something to ask the origin by. */
    public boolean hasValidators() {
        return originSource != null && (originEtag != null || originLastModified != null);
    }

    /** Whether this is a thumbnail of that original. */
    public boolean isOf(CachedMeta original) {
        return original.etag.equals(originEtag);
    }

    private static @Nullable String storable(@Nullable String validator) {
        return validator == null || validator.length() > LONGEST_VALIDATOR ? null : validator;
    }
}
