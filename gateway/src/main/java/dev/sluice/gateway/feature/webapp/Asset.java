package dev.sluice.gateway.feature.webapp;

import dev.sluice.gateway.contract.http.Gzip;
import dev.sluice.gateway.contract.http.StrongTag;
import java.nio.ByteBuffer;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;

/**
 * One file as it is sent.
 *
 * @param type of the bytes
 * @param plain as it is
 * @param gzipped what a client may have that reads it
 */
record Asset(MediaType type, Form plain, Form gzipped) {
    private static final Map<String, String> TYPES = Map.of(
            "html", "text/html;charset=UTF-8",
            "js", "text/javascript;charset=UTF-8",
            "css", "text/css;charset=UTF-8",
            "svg", "image/svg+xml");

    /**
     * Bytes and their entity tag.
     *
     * @param bytes read only; take slices of it
     * @param encoding the content coding, null for none
     */
    record Form(ByteBuffer bytes, String etag, @Nullable String encoding) {

        static Form of(byte[] bytes, @Nullable String encoding) {
            String etag = StrongTag.of(StrongTag.digest().digest(bytes));
            return new Form(ByteBuffer.wrap(bytes).asReadOnlyBuffer(), etag, encoding);
        }

        int length() {
            return bytes.capacity();
        }

        ByteBuffer part(long position, long count) {
            return bytes.slice(Math.toIntExact(position), Math.toIntExact(count));
        }
    }

    /** The file of that name, whose ending says what it is. */
    static Asset of(String name, byte[] bytes) {
        String type = TYPES.get(name.substring(name.lastIndexOf('.') + 1));
        if (type == null) {
            throw new IllegalStateException(name + ": of no known type (expected: one of " + TYPES.keySet() + ")");
        }
        return new Asset(MediaType.parseMediaType(type), Form.of(bytes, null), Form.of(Gzip.of(bytes), Gzip.NAME));
    }
}
