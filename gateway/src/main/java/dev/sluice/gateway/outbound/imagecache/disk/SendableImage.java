package dev.sluice.gateway.outbound.imagecache.disk;

import dev.sluice.gateway.contract.http.Representation;
import org.springframework.http.server.reactive.ServerHttpResponse;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/** A whole image that can be sent, any number of times, until it is disposed of. */
public interface SendableImage extends Disposable, Representation.Body {

    /** What is known of it. */
    CachedMeta meta();

    @Override
    Mono<Void> send(ServerHttpResponse response, long position, long count);

    /** The same bytes for one reader more, who disposes of them for itself. Called before this is disposed of. */
    SendableImage share();

    /**
     * Disposes of {@code deadline} when what was sent of these bytes for this reader has left the gateway and this is
     * disposed of. Called once, before any are sent.
     */
    void until(Disposable deadline);

    /** This, which is disposed of with {@code resources}. */
    default SendableImage disposedWith(Disposable.Composite resources) {
        resources.add(this);
        return this;
    }
}
