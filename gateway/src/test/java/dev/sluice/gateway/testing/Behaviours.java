package dev.sluice.gateway.testing;

import dev.sluice.gateway.testing.HostileOrigin.Behaviour;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;

/** What a {@link HostileOrigin} can do with a request, from honest to hostile. */
public final class Behaviours {
    private Behaviours() {}

    /** 200 with a PNG. */
    public static Behaviour image(byte[] png) {
        return body("image/png", png);
    }

    /** 200 with any body of any declared type. */
    public static Behaviour body(String contentType, byte[] body) {
        return answer(body, "Content-Type: " + contentType, "Content-Length: " + body.length);
    }

    /** 200 with exactly these header lines, then {@code body}. */
    public static Behaviour answer(byte[] body, String... headerLines) {
        return exchange -> {
            exchange.head(200, headerLines);
            exchange.write(body);
        };
    }

    /** Exactly these bytes, then an orderly close. */
    public static Behaviour raw(String head) {
        return exchange -> {
            exchange.write(head);
            exchange.close();
        };
    }

    /** An empty answer of {@code status} with further header lines. */
    public static Behaviour status(int status, String... headerLines) {
        return exchange -> {
            String[] lines = Arrays.copyOf(headerLines, headerLines.length + 1);
            lines[headerLines.length] = "Content-Length: 0";
            exchange.head(status, lines);
        };
    }

    /** A redirect to {@code location} as it is. */
    public static Behaviour redirect(int status, String location) {
        return status(status, "Location: " + location);
    }

    /** 200 with a PNG of declared {@code length}, written as fast as it is read. */
    public static Behaviour sized(long length) {
        return exchange -> {
            exchange.head(200, "Content-Type: image/png", "Content-Length: " + length);
            byte[] start = Pictures.png(100);
            exchange.write(start);
            for (long left = length - start.length; left > 0; left -= 65_536) {
                exchange.write(new byte[(int) Math.min(left, 65_536)]);
            }
        };
    }

    /** 200 with a chunked PNG of {@code length} bytes and no Content-Length. */
    public static Behaviour chunked(long length) {
        return exchange -> {
            exchange.head(200, "Content-Type: image/png", "Transfer-Encoding: chunked");
            byte[] start = Pictures.png(100);
            exchange.chunk(start);
            for (long left = length - start.length; left > 0; left -= 16_384) {
                exchange.chunk(new byte[(int) Math.min(left, 16_384)]);
            }
            exchange.write("0\r\n\r\n");
        };
    }

    /** 200 with a chunked PNG that never ends. */
    public static Behaviour endless() {
        return chunked(Long.MAX_VALUE);
    }

    /** A header line every {@code gap}, never the last. */
    public static Behaviour slowHeaders(Duration gap) {
        return exchange -> {
            exchange.write("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n");
            for (int i = 0; ; i++) {
                exchange.pause(gap);
                exchange.write("X-" + (i % 10) + ": y\r\n");
            }
        };
    }

    /** A PNG, one byte every {@code gap}. */
    public static Behaviour drip(int length, Duration gap) {
        return exchange -> {
            exchange.head(200, "Content-Type: image/png", "Content-Length: " + length);
            for (byte b : Pictures.png(length)) {
                exchange.write(new byte[] {b});
                exchange.pause(gap);
            }
        };
    }

    /** Declares {@code declared} bytes, sends {@code sent} and closes in order. */
    public static Behaviour truncated(int declared, int sent) {
        return exchange -> {
            exchange.head(200, "Content-Type: image/png", "Content-Length: " + declared);
            exchange.write(Arrays.copyOf(Pictures.png(declared), sent));
            exchange.close();
        };
    }

    /** A chunked body that closes without its last chunk. */
    public static Behaviour truncatedChunks(int sent) {
        return exchange -> {
            exchange.head(200, "Content-Type: image/png", "Transfer-Encoding: chunked");
            exchange.chunk(Pictures.png(sent));
            exchange.close();
        };
    }

    /** RST instead of an answer. */
    public static Behaviour reset() {
        return OriginExchange::reset;
    }

    /** RST in the middle of the body. */
    public static Behaviour resetAfter(int declared, int sent) {
        return exchange -> {
            exchange.head(200, "Content-Type: image/png", "Content-Length: " + declared);
            exchange.write(Arrays.copyOf(Pictures.png(declared), sent));
            exchange.reset();
        };
    }

    /** Reads the request and says nothing. */
    public static Behaviour silent() {
        return OriginExchange::hang;
    }

    /** Sends the head and the start of the body, then says nothing. */
    public static Behaviour stalled(int declared, int sent) {
        return exchange -> {
            exchange.head(200, "Content-Type: image/png", "Content-Length: " + declared);
            exchange.write(Arrays.copyOf(Pictures.png(declared), sent));
            exchange.hang();
        };
    }

    /** A PNG that comes gzipped though nobody asked for it. */
    public static Behaviour gzip(byte[] png) {
        byte[] packed = pack(png, 1);
        return answer(packed, "Content-Type: image/png", "Content-Encoding: gzip", "Content-Length: " + packed.length);
    }

    /** A small gzip body that unpacks to {@code megabytes} which begin like a PNG. */
    public static Behaviour gzipBomb(int megabytes) {
        byte[] packed = pack(Arrays.copyOf(Pictures.png(100), 1 << 20), megabytes);
        return answer(packed, "Content-Type: image/png", "Content-Encoding: gzip", "Content-Length: " + packed.length);
    }

    /** {@code first} for the first {@code times} requests, {@code then} ever after. */
    public static Behaviour failing(int times, Behaviour first, Behaviour then) {
        var count = new AtomicInteger();
        return exchange -> (count.incrementAndGet() <= times ? first : then).answer(exchange);
    }

    private static byte[] pack(byte[] block, int times) {
        var packed = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(packed)) {
            for (int i = 0; i < times; i++) {
                gzip.write(block);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return packed.toByteArray();
    }
}
