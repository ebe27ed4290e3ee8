package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.contract.Representation;
import reactor.core.Disposable;

/** A whole image that can be sent, any number of times, until it is disposed of. */
interface ProxiedImage extends Disposable, Representation.Body {

    /** What is known of it. */
    CachedMeta meta();

    /** A hold of its own on the same bytes. Called by one who holds them. */
    ProxiedImage share();
}
