package dev.sluice.gateway.outbound.ai.image;

import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.publisher.Flux;

/** An image that is ready: at a URL, or inline. */
public sealed interface GeneratedImage {

    /**
     * At a URL that the provider named. The URL is not trusted: it is fetched through {@code outbound.fetch}, under
     * this policy.
     *
     * @param url http or https; not judged
     * @param urlPolicy where this provider's images may be
     */
    record Remote(String url, UrlPolicy urlPolicy) implements GeneratedImage {}

    /** Inline bytes, not validated. */
    final class Inline implements GeneratedImage {
        private final String mediaType;
        private final byte[] bytes;

        /** Takes ownership of {@code bytes}. */
        Inline(String mediaType, byte[] bytes) {
            this.mediaType = mediaType;
            this.bytes = bytes;
        }

        /** What its maker says it is, for example {@code image/png}. */
        public String mediaType() {
            return mediaType;
        }

        /** In bytes. */
        public long length() {
            return bytes.length;
        }

        /** Its bytes in one buffer on the heap, anew for each subscription; the subscriber owns the buffer. */
        public Flux<DataBuffer> body() {
            return Flux.defer(() -> Flux.just(DefaultDataBufferFactory.sharedInstance.wrap(bytes)));
        }

        @Override
        public String toString() {
            return "Inline[" + mediaType + ", " + bytes.length + " bytes]";
        }
    }
}
