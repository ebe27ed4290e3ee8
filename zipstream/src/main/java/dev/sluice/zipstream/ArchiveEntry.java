package dev.sluice.zipstream;

import java.time.Instant;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;

/**
 * One whole, checked file on its way into an archive. Everything the local header says is known before the first byte
 * of it is written, so a file that failed leaves no trace.
 *
 * <p>Ownership: whoever holds the entry either subscribes to {@code content} once, and then the subscriber owns each
 * buffer it is handed and a cancel or error frees the rest, or calls {@link #discard()}. Doing both is harmless.
 *
 * @param name path of the entry, already safe and unique in its archive; see {@link EntryNames}. Parts are separated by
 *     {@code /}; no part is empty, {@code .} or {@code ..}, so no name is absolute, climbs, or means a directory. At
 *     most 65,535 bytes of UTF-8 (APPNOTE 4.4.10)
 * @param size exact number of bytes that {@code content} emits
 * @param crc32 CRC-32 of those bytes, as an unsigned 32-bit number
 * @param lastModified entry time, stored in UTC with the format's two-second precision, within the years 1980 to 2107
 * @param content the bytes; subscribed at most once
 * @param resources what holds the bytes; disposing of it is idempotent and frees whatever was not yet emitted
 */
public record ArchiveEntry(
        String name, long size, long crc32, Instant lastModified, Flux<DataBuffer> content, Disposable resources) {

    private static final int MAX_NAME_BYTES = 0xFFFF;
    private static final long MAX_CRC = 0xFFFF_FFFFL;

    /** @throws IllegalArgumentException if the name, size or CRC cannot stand in an archive */
    public ArchiveEntry {
        if (!isSafe(name)) {
            throw new IllegalArgumentException("name: '" + name + "' (expected: a relative path of 1 to "
                    + MAX_NAME_BYTES + " bytes without '.', '..', '\\' or control characters)");
        }
        if (size < 0) {
            throw new IllegalArgumentException("size: " + size + " (expected: 0 or more)");
        }
        if (crc32 < 0 || crc32 > MAX_CRC) {
            throw new IllegalArgumentException("crc32: " + crc32 + " (expected: 0 to " + MAX_CRC + ")");
        }
    }

    /** Frees the entry's bytes when its content is not going to be read. Idempotent. */
    public void discard() {
        resources.dispose();
    }

    /** In one pass: this runs for every entry, beside a checksum that takes microseconds. */
    private static boolean isSafe(String name) {
        int partStart = 0;
        long utf8Bytes = 0;
        for (int at = 0; at < name.length(); at++) {
            char c = name.charAt(at);
            if (c == '\\' || Character.isISOControl(c)) {
                return false;
            }
            if (c == '/') {
                if (!isPart(name, partStart, at)) {
                    return false;
                }
                partStart = at + 1;
            }
            // Characters outside UTF-8 (lone surrogates) would silently become question marks in the header.
            if (Character.isSurrogate(c) && !isHalfOfPair(name, at)) {
                return false;
            }
            utf8Bytes += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
        }
        return isPart(name, partStart, name.length()) && utf8Bytes <= MAX_NAME_BYTES;
    }

    private static boolean isHalfOfPair(String name, int at) {
        int low = Character.isLowSurrogate(name.charAt(at)) ? at : at + 1;
        return low > 0 && low < name.length() && Character.isSurrogatePair(name.charAt(low - 1), name.charAt(low));
    }

    /** Whether the part from {@code start} to {@code end} is more than nothing and no {@code .} or {@code ..}. */
    private static boolean isPart(String name, int start, int end) {
        return end > start && !name.regionMatches(start, "..", 0, end - start);
    }
}
