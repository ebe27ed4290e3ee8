package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.archive.RemoteImage;
import dev.sluice.gateway.outbound.link.Links;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** A request kept behind a link, with the board of its latest download in this process. */
final class LinkedRequest {
    private static final Logger LOG = LoggerFactory.getLogger(LinkedRequest.class);
    private static final int FIXED_WEIGHT = 512;
    private static final int WEIGHT_PER_IMAGE = 256;

    private final ZipRequest request;
    private final ZipProgress untouched;
    private final AtomicReference<ZipProgress> latest;
    private final AtomicInteger listeners = new AtomicInteger();

    LinkedRequest(ZipRequest request) {
        this.request = request;
        this.untouched = new ZipProgress(request);
        this.latest = new AtomicReference<>(untouched);
    }

    ZipRequest request() {
        return request;
    }

    /** The board of the download that began last in this process, or an untouched one. */
    ZipProgress progress() {
        return latest.get();
    }

    /** Whether one has begun in this process. */
    @SuppressWarnings("ReferenceEquality") // the very same board
    boolean hasBegun() {
        return latest.get() != untouched;
    }

    /** A fresh board for a download that begins now. */
    ZipProgress begin() {
        ZipProgress fresh = new ZipProgress(request);
        latest.set(fresh);
        return fresh;
    }

    /** Takes one of {@code most} seats, or none. */
    boolean addListener(int most) {
        return listeners.getAndUpdate(count -> Math.min(most, count + 1)) < most;
    }

    void removeListener() {
        listeners.decrementAndGet();
    }

    /**
     * The request alone, as deflated JSON, since URLs of one archive have much in common: a download in another process
     * writes on another board.
     */
    record Format(JsonMapper json) implements Links.Format<LinkedRequest> {

        /** Of the JSON of any request that is taken: every character escaped, and the largest body that may be set. */
        private static final int MOST_BYTES = 8 * 1024 * 1024;

        @Override
        public byte[] write(LinkedRequest content) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            Deflater deflater = new Deflater(Deflater.BEST_SPEED);
            try (OutputStream out = new DeflaterOutputStream(bytes, deflater)) {
                out.write(json.writeValueAsBytes(content.request()));
            } catch (IOException never) {
                throw new UncheckedIOException(never);
            } finally {
                deflater.end();
            }
            return bytes.toByteArray();
        }

        @Override
        public @Nullable LinkedRequest read(byte[] bytes) {
            try (InputStream in = new InflaterInputStream(new ByteArrayInputStream(bytes))) {
                return new LinkedRequest(json.readValue(in.readNBytes(MOST_BYTES), ZipRequest.class));
            } catch (IOException | JacksonException unreadable) {
                LOG.warn("A link cannot be read: {}", unreadable.getMessage());
                return null;
            }
        }

        /** Two bytes per character, and the objects. */
        @Override
        public int weight(LinkedRequest content) {
            ZipRequest request = content.request();
            int weight = FIXED_WEIGHT + 2 * length(request.filename());
            for (RemoteImage image : request.images()) {
                weight += WEIGHT_PER_IMAGE + 2 * (length(image.url()) + length(image.name()));
            }
            return weight;
        }

        private static int length(@Nullable String text) {
            return text == null ? 0 : text.length();
        }
    }
}
