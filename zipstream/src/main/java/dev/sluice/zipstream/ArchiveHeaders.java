package dev.sluice.zipstream;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of one archive that are not payload.
 *
 * <pre>
 *   local header 1 │ payload 1 │ local header 2 │ payload 2 │ … │ central directory │ [zip64 end │ locator] │ end
 *   └ localHeader()   caller's   └ localHeader()   caller's      └────────────────── trailer() ────────────────┘
 * </pre>
 *
 * <p>They come from {@link HeaderTemplates} as long as the archive stays within the format's first limits. The first
 * entry that might not fit goes to a {@link HeaderWriter}, after all before it, and so does all that follows: what
 * zip64 changes, and where, is commons-compress's to know. The bytes are the same either way.
 *
 * <p>Not thread-safe.
 */
final class ArchiveHeaders {

    /** No offset and no size reaches it without zip64 (APPNOTE 4.4.1.4). */
    private static final long ZIP64_BYTES = 0xFFFF_FFFFL;

    private static final int ZIP64_ENTRIES = 0xFFFF;

    private final Map<String, EntryHeader> entries = new LinkedHashMap<>();
    private long position;
    private long directoryBytes;
    private @Nullable HeaderWriter writer;

    /**
     * The local header of the next entry. Its payload, exactly {@code entry.size()} bytes, is the caller's to send.
     *
     * @throws IllegalArgumentException if the archive has an entry of that name
     */
    byte[] localHeader(EntryHeader entry) {
        if (entries.containsKey(entry.name())) {
            throw new IllegalArgumentException("name: '" + entry.name() + "' twice in one archive");
        }
        byte[] name = utf8(entry);
        if (writer == null && !fits(entry, name)) {
            writer = new HeaderWriter();
            entries.values().forEach(writer::localHeader);
        }
        entries.put(entry.name(), entry);
        if (writer != null) {
            return writer.localHeader(entry);
        }
        position += HeaderTemplates.LOCAL_BYTES + name.length + entry.size();
        directoryBytes += HeaderTemplates.CENTRAL_BYTES + name.length;
        return HeaderTemplates.local(entry, name);
    }

    /** The central directory and the end records; the archive takes no entry after it. */
    byte[] trailer() {
        if (writer != null) {
            return writer.trailer();
        }
        int directory = Math.toIntExact(directoryBytes);
        byte[] trailer = new byte[directory + HeaderTemplates.END_BYTES];
        int at = 0;
        long offset = 0;
        for (EntryHeader entry : entries.values()) {
            byte[] name = utf8(entry);
            at = HeaderTemplates.central(trailer, at, entry, name, offset);
            offset += HeaderTemplates.LOCAL_BYTES + name.length + entry.size();
        }
        HeaderTemplates.end(trailer, at, entries.size(), directory, position);
        return trailer;
    }

    /** Whether the archive, ended after this entry, would be shorter than any limit and have fewer entries. */
    private boolean fits(EntryHeader entry, byte[] name) {
        long others = position
                + HeaderTemplates.LOCAL_BYTES
                + directoryBytes
                + HeaderTemplates.CENTRAL_BYTES
                + 2L * name.length
                + HeaderTemplates.END_BYTES;
        return entry.size() < ZIP64_BYTES - others && entries.size() + 1 < ZIP64_ENTRIES;
    }

    private static byte[] utf8(EntryHeader entry) {
        return entry.name().getBytes(StandardCharsets.UTF_8);
    }
}
