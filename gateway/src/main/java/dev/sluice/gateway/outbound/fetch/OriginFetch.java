package dev.sluice.gateway.outbound.fetch;

import java.util.function.Function;
import reactor.core.publisher.Mono;

/** The only way to an origin named by a caller: every URL, redirect, address, byte and second of it is guarded. */
public interface OriginFetch {

    /**
     * Fetches one resource and lets {@code reader} consume its body.
     *
     * <p>The deadline of the request spans everything: queueing, name resolution, redirects, retries and the whole of
     * {@code reader}. Tries that fail before a body is offered are repeated. A body that breaks off is continued unseen
     * where its origin offers that; else all is fetched again, and {@code reader} is called again with a new body: what
     * it made of the first must then be dropped.
     *
     * <p>The connection is given back when the reader has read the body to its end, and closed in every other case,
     * including cancel.
     *
     * <p>Fails with {@link FetchException} only, or with the reader's own error unchanged.
     *
     * @param request what to fetch and within which bounds
     * @param reader consumes {@link OriginResponse#body()}, of which it owns each buffer, those included that an
     *     operator of its own drops when it is cancelled ({@code collect}, {@code concatMap} and others do:
     *     {@code doOnDiscard}); runs on an event loop, the caller's own when it called on one
     * @param <T> what the reader makes of the body
     */
    <T> Mono<T> fetch(FetchRequest request, Function<OriginResponse, Mono<T>> reader);
}
