package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.archive.SkippedImage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.function.Supplier;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import tools.jackson.databind.json.JsonMapper;

/**
 * An archive as a member of a JSON object, encoded as it passes.
 *
 * <pre>{"filename":"images.zip","contentType":"application/zip","base64":"UEsDB…","size":123,"skipped":[…]}</pre>
 *
 * The size stands behind the bytes, since nobody knows it before; the order of JSON members means nothing (RFC 8259,
 * section 4). Base64 turns 3 bytes into 4 characters (RFC 4648): up to two bytes wait for the next buffer.
 */
final class Base64Json {
    private static final int STEP = 48 * 1024; // a multiple of 3

    private final String filename;
    private final Supplier<List<SkippedImage>> skipped;
    private final JsonMapper json;
    private final DataBufferFactory buffers;
    private final byte[] plain = new byte[STEP];
    private int pending;
    private long size;
    private boolean begun;

    private Base64Json(
            String filename, Supplier<List<SkippedImage>> skipped, JsonMapper json, DataBufferFactory buffers) {
        this.filename = filename;
        this.skipped = skipped;
        this.json = json;
        this.buffers = buffers;
    }

    /**
     * The JSON, starting with the archive's first byte; fails as the archive fails. The subscriber owns each buffer.
     *
     * @param archive its bytes
     * @param skipped what is not in it, asked for when it is through
     */
    static Flux<DataBuffer> of(
            String filename,
            Flux<DataBuffer> archive,
            Supplier<List<SkippedImage>> skipped,
            JsonMapper json,
            DataBufferFactory buffers) {
        return Flux.defer(() -> {
            Base64Json state = new Base64Json(filename, skipped, json, buffers);
            return archive.map(state::encode).concatWith(Mono.fromSupplier(state::ending));
        });
    }

    /** Bytes of the JSON of an archive of so many bytes in which nothing is missing or will be. */
    static long length(String filename, long archive, List<SkippedImage> skipped, JsonMapper json) {
        long encoded = (archive + 2) / 3 * 4;
        return opening(filename, json).length + encoded + closing(archive, skipped, json).length;
    }

    private DataBuffer encode(DataBuffer archive) {
        int length = archive.readableByteCount();
        byte[] opening = begun ? new byte[0] : opening(filename, json);
        begun = true;
        size += length;
        DataBuffer target = buffers.allocateBuffer(opening.length + (length + pending) / 3 * 4 + 4);
        target.write(opening);
        try (DataBuffer.ByteBufferIterator parts = archive.readableByteBuffers()) {
            while (parts.hasNext()) {
                encode(parts.next(), target);
            }
        } finally {
            DataBufferUtils.release(archive);
        }
        return target;
    }

    private void encode(ByteBuffer part, DataBuffer target) {
        while (part.hasRemaining()) {
            int count = Math.min(part.remaining(), STEP - pending);
            part.get(plain, pending, count);
            pending += count;
            flushWhole(target);
        }
    }

    private void flushWhole(DataBuffer target) {
        int whole = pending - pending % 3;
        if (whole == 0) {
            return;
        }
        ByteBuffer characters = Base64.getEncoder().encode(ByteBuffer.wrap(plain, 0, whole));
        target.write(characters);
        System.arraycopy(plain, whole, plain, 0, pending - whole);
        pending -= whole;
    }

    private static byte[] opening(String filename, JsonMapper json) {
        String name = json.writeValueAsString(filename);
        return ("{\"filename\":" + name + ",\"contentType\":\"application/zip\",\"base64\":\"")
                .getBytes(StandardCharsets.UTF_8);
    }

    private DataBuffer ending() {
        byte[] rest = Base64.getEncoder().encode(Arrays.copyOf(plain, pending));
        byte[] closing = closing(size, skipped.get(), json);
        return buffers.allocateBuffer(rest.length + closing.length).write(rest).write(closing);
    }

    private static byte[] closing(long size, List<SkippedImage> skipped, JsonMapper json) {
        return ("\",\"size\":" + size + ",\"skipped\":" + json.writeValueAsString(skipped) + "}")
                .getBytes(StandardCharsets.UTF_8);
    }
}
