package dev.sluice.gateway.feature.zip;

import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Where one image is kept from its first byte until it has been sent. Owns the bytes and what was reserved for them;
 * {@link #dispose()} frees both at any moment, from any thread, any number of times.
 */
interface ImageBytes extends Disposable {

    /**
     * The origin says that so many bytes will come, no more than it said before; what was reserved beyond is given
     * back.
     */
    void expect(long bytes);

    /**
     * Takes in the whole body, in place of what is left of one that broke off. Completes when all of it is kept; the
     * body's buffers belong to this object.
     */
    Mono<Void> receive(Flux<DataBuffer> body);

    /** The bytes, once, after {@link #receive} completed. The subscriber owns each buffer. */
    Flux<DataBuffer> content();
}
