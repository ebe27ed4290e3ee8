package dev.sluice.zipstream;

import java.time.Instant;

/**
 * What an archive says of one file before the file's first byte: all that its headers are made of.
 *
 * @param name path of the entry, already safe and unique in its archive; see {@link EntryNames}. Parts are separated by
 *     {@code /}; no part is empty, {@code .} or {@code ..}, so no name is absolute, climbs, or means a directory. At
 *     most 65,535 bytes of UTF-8 (APPNOTE 4.4.10)
 * @param size exact number of bytes
 * @param crc32 CRC-32 of those bytes, as an unsigned 32-bit number
 * @param lastModified entry time, stored in UTC with the format's two-second precision, within the years 1980 to 2107
 */
public record EntryHeader(String name, long size, long crc32, Instant lastModified) {

    private static final int MAX_NAME_BYTES = 0xFFFF;
    private static final long MAX_CRC = 0xFFFF_FFFFL;

    /** @throws IllegalArgumentException if the name, size or CRC cannot stand in an archive */
    public EntryHeader {
        check(name, size, crc32);
    }

    /** @throws IllegalArgumentException if one of them cannot stand in an archive */
    static void check(String name, long size, long crc32) {
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
