package dev.sluice.gateway.outbound.imagecache.disk;

import dev.sluice.gateway.contract.http.StrongTag;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import org.springframework.core.io.buffer.DataBuffer;

/** A SHA-256: an entry's key is that of its canonical URL, and a body is checked by its own. */
public record Sha256(long a, long b, long c, long d) {
    public static final int BYTES = 32;

    /** Of a text in UTF-8. */
    public static Sha256 of(String text) {
        return from(ByteBuffer.wrap(StrongTag.digest().digest(text.getBytes(StandardCharsets.UTF_8))));
    }

    /** Of what is readable in the buffers, which stay as they are. */
    public static Sha256 of(List<DataBuffer> body) {
        MessageDigest digest = StrongTag.digest();
        for (DataBuffer buffer : body) {
            try (DataBuffer.ByteBufferIterator parts = buffer.readableByteBuffers()) {
                parts.forEachRemaining(digest::update);
            }
        }
        return finish(digest);
    }

    public static Sha256 finish(MessageDigest digest) {
        return from(ByteBuffer.wrap(digest.digest()));
    }

    /** Reads 32 bytes. */
    public static Sha256 from(ByteBuffer bytes) {
        return new Sha256(bytes.getLong(), bytes.getLong(), bytes.getLong(), bytes.getLong());
    }

    /** Reads 64 hexadecimal digits. */
    public static Sha256 parse(String hex) {
        return from(ByteBuffer.wrap(HexFormat.of().parseHex(hex)));
    }

    public void putTo(ByteBuffer bytes) {
        bytes.putLong(a).putLong(b).putLong(c).putLong(d);
    }

    public String hex() {
        HexFormat digits = HexFormat.of();
        return digits.toHexDigits(a) + digits.toHexDigits(b) + digits.toHexDigits(c) + digits.toHexDigits(d);
    }

    /** A strong entity tag of what this is the digest of. */
    public String etag() {
        return StrongTag.of(ByteBuffer.allocate(BYTES).putLong(a).putLong(b).array());
    }
}
