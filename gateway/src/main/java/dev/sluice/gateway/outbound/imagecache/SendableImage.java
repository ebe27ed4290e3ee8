package dev.sluice.gateway.outbound.imagecache;

import dev.sluice.gateway.contract.http.Representation;
import dev.sluice.gateway.outbound.imagecache.disk.CachedMeta;
import org.springframework.http.server.reactive.ServerHttpResponse;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/** A whole image that can be sent, any number of times, until it is disposed of. */
public interface SendableImage extends Disposable, Representation.Body {

    /** What is known of it. */
    CachedMeta meta();

    @Override
    Mono<Void> send(ServerHttpResponse response, long position, long count);

    /** A hold of its own on the same bytes. Called by one who holds them. */
    SendableImage share();

    /**
     * Disposes of {@code deadline} when what was sent of this hold's bytes has left the gateway and the hold is given
     * up. Called once, before any are sent.
     */
    void until(Disposable deadline);
}
