package dev.sluice.zipstream;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
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

    /** The central directory as far as it goes, with room for more of it. */
    private byte[] directory = new byte[1024];

    private int directoryBytes;
    private long position;
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
        byte[] name = entry.name().getBytes(StandardCharsets.UTF_8);
        if (writer == null && !fits(entry, name)) {
            writer = new HeaderWriter();
            entries.values().forEach(writer::localHeader);
        }
        entries.put(entry.name(), entry);
        if (writer != null) {
            return writer.localHeader(entry);
        }
        byte[] header = HeaderTemplates.local(entry, name);
        addToDirectory(header);
        position += header.length + entry.size();
        return header;
    }

    private void addToDirectory(byte[] header) {
        int at = directoryBytes;
        int more = HeaderTemplates.CENTRAL_BYTES + header.length - HeaderTemplates.LOCAL_BYTES;
        directoryBytes = Math.addExact(at, more);
        if (directoryBytes > directory.length) {
            directory = Arrays.copyOf(directory, Math.max(directoryBytes, 2 * directory.length));
        }
        HeaderTemplates.central(directory, at, header, position);
    }

    /** The central directory and the end records; the archive takes no entry after it. */
    byte[] trailer() {
        if (writer != null) {
            return writer.trailer();
        }
        byte[] trailer = Arrays.copyOf(directory, Math.addExact(directoryBytes, HeaderTemplates.END_BYTES));
        HeaderTemplates.end(trailer, directoryBytes, entries.size(), directoryBytes, position);
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
}
