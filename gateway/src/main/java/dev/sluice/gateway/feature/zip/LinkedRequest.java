package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.RemoteImage;
import dev.sluice.gateway.outbound.link.LinkFormat;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
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
    private final AtomicReference<ZipProgress> latest;
    private final AtomicInteger listeners = new AtomicInteger();

    LinkedRequest(ZipRequest request) {
        this.request = request;
        this.latest = new AtomicReference<>(new ZipProgress(request));
    }

    ZipRequest request() {
        return request;
    }

    /** The board of the download that began last, or an untouched one. */
    ZipProgress progress() {
        return latest.get();
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

    /** The request alone, as JSON: a download in another process writes on another board. */
    record Format(JsonMapper json) implements LinkFormat<LinkedRequest> {

        @Override
        public String write(LinkedRequest content) {
            return json.writeValueAsString(content.request());
        }

        @Override
        public @Nullable LinkedRequest read(String text) {
            try {
                return new LinkedRequest(json.readValue(text, ZipRequest.class));
            } catch (JacksonException unreadable) {
                LOG.warn("A link cannot be read: {}", unreadable.getOriginalMessage());
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
