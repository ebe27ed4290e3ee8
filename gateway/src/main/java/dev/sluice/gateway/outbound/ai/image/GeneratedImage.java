package dev.sluice.gateway.outbound.ai.image;

import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.publisher.Flux;

/** A picture that is ready: somewhere, or here. */
public sealed interface GeneratedImage {

    /**
     * To be had at a URL that the provider named. It is that provider's word, so it is fetched through
     * {@code outbound.fetch}, with this reach.
     *
     * @param url http or https; not judged
     * @param urlPolicy where this provider's pictures may be
     */
    record Remote(String url, UrlPolicy urlPolicy) implements GeneratedImage {}

    /** Here already. Nobody has looked at the bytes. */
    final class Drawn implements GeneratedImage {
        private final String mediaType;
        private final byte[] bytes;

        /** Takes ownership of {@code bytes}. */
        Drawn(String mediaType, byte[] bytes) {
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
            return "Drawn[" + mediaType + ", " + bytes.length + " bytes]";
        }
    }
}
