package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.SkippedImage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
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
    private final ZipDownload download;
    private final JsonMapper json;
    private final DataBufferFactory buffers;
    private final byte[] plain = new byte[STEP];
    private int pending;
    private long size;
    private boolean begun;

    private Base64Json(String filename, ZipDownload download, JsonMapper json, DataBufferFactory buffers) {
        this.filename = filename;
        this.download = download;
        this.json = json;
        this.buffers = buffers;
    }

    /**
     * The JSON, starting with the archive's first byte; fails as the archive fails. The subscriber owns each buffer.
     */
    static Flux<DataBuffer> of(String filename, ZipDownload download, JsonMapper json, DataBufferFactory buffers) {
        return Flux.defer(() -> {
            Base64Json state = new Base64Json(filename, download, json, buffers);
            return download.bytes().map(state::encode).concatWith(Mono.fromSupplier(state::ending));
        });
    }

    private DataBuffer encode(DataBuffer archive) {
        int length = archive.readableByteCount();
        byte[] opening = begun ? new byte[0] : opening();
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

    private byte[] opening() {
        String name = json.writeValueAsString(filename);
        return ("{\"filename\":" + name + ",\"contentType\":\"application/zip\",\"base64\":\"")
                .getBytes(StandardCharsets.UTF_8);
    }

    private DataBuffer ending() {
        byte[] rest = Base64.getEncoder().encode(Arrays.copyOf(plain, pending));
        List<SkippedImage> skipped = download.skipped();
        String text = new String(rest, StandardCharsets.US_ASCII) + "\",\"size\":" + size + ",\"skipped\":"
                + json.writeValueAsString(skipped) + "}";
        return buffers.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
