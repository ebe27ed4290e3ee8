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

/** A request stored behind a link, with the progress of its latest download in this process. */
final class LinkedRequest {
    private static final Logger LOG = LoggerFactory.getLogger(LinkedRequest.class);
    private static final int FIXED_WEIGHT = 512;
    private static final int WEIGHT_PER_IMAGE = 256;

    private final ZipRequest request;
    private final LocalProgress untouched;
    private final AtomicReference<LocalProgress> latest;
    private final AtomicInteger listeners = new AtomicInteger();

    LinkedRequest(ZipRequest request) {
        this.request = request;
        this.untouched = new LocalProgress(request);
        this.latest = new AtomicReference<>(untouched);
    }

    ZipRequest request() {
        return request;
    }

    /** The progress of the download that began last in this process, or an untouched one. */
    LocalProgress progress() {
        return latest.get();
    }

    /** Whether one has begun in this process. */
    @SuppressWarnings("ReferenceEquality") // the very same instance
    boolean hasBegun() {
        return latest.get() != untouched;
    }

    /** Fresh progress for a download that begins now. */
    LocalProgress begin() {
        LocalProgress fresh = new LocalProgress(request);
        latest.set(fresh);
        return fresh;
    }

    /** Counts one more listener unless there are {@code most} already; whether it did. */
    boolean addListener(int most) {
        return listeners.getAndUpdate(count -> Math.min(most, count + 1)) < most;
    }

    void removeListener() {
        listeners.decrementAndGet();
    }

    /**
     * The request alone, as deflated JSON, since URLs of one archive have much in common: each process records its own
     * progress.
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
