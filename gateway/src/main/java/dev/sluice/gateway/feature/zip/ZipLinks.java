package dev.sluice.gateway.feature.zip;

import reactor.core.publisher.Mono;

/** Where requests wait behind links. */
interface ZipLinks {

    /**
     * Keeps a request behind a new link that cannot be guessed.
     *
     * @return the link, or an {@code overloaded} error when there is no room
     */
    Mono<ZipLink> keep(ZipRequest request);

    /** The link of a token, or empty when there is none or it has expired. */
    Mono<ZipLink> find(String token);
}
