package dev.sluice.gateway.outbound.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The metadata that a local store writes beside an object's bytes: the content type on the first line, then
 * {@code name: value} for each piece of metadata. {@link NewObject} ensures that none of them contains a line break.
 */
record LocalMetadata(String contentType, Map<String, String> metadata) {
    private static final String SEPARATOR = ": ";

    /** Blocks until the file would outlive a power failure. */
    void write(Path file) throws IOException {
        StringBuilder text = new StringBuilder(contentType).append('\n');
        new TreeMap<>(metadata)
                .forEach((name, value) ->
                        text.append(name).append(SEPARATOR).append(value).append('\n'));
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = StandardCharsets.US_ASCII.encode(text.toString());
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
    }

    /** Blocks. */
    static LocalMetadata read(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file, StandardCharsets.US_ASCII);
        if (lines.isEmpty()) {
            throw new IOException(file + " is empty");
        }
        Map<String, String> metadata = new HashMap<>();
        for (String line : lines.subList(1, lines.size())) {
            int end = line.indexOf(SEPARATOR);
            if (end < 0) {
                throw new IOException(file + " has a line that is not metadata");
            }
            metadata.put(line.substring(0, end), line.substring(end + SEPARATOR.length()));
        }
        return new LocalMetadata(lines.getFirst(), metadata);
    }
}
