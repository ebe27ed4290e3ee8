package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.contract.http.HttpDate;
import dev.sluice.gateway.outbound.fetch.Exchange.BodyRange;
import dev.sluice.gateway.outbound.fetch.Exchange.RequestOptions;
import dev.sluice.gateway.outbound.fetch.Exchange.Response;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * Asks for the rest of a body that broke off, RFC 9110 section 14.2, where the origin offers parts of it and says by a
 * strong validator that they are of the same representation. Whoever reads the body does not notice.
 *
 * <pre>
 *   200, length 900, ETag "a"    bytes 0 to 499, broken
 *   Range: bytes=500-, If-Range: "a"
 *   206, Content-Range: bytes 500-899/900    bytes 500 to 899
 * </pre>
 */
final class BodyContinuation {
    private static final int PARTIAL_CONTENT = 206;

    /** Section 8.8.2.2: a date is as good as a strong tag when it lies back that far. */
    private static final Duration STRONG_AFTER = Duration.ofSeconds(60);

    private final Exchange exchange;
    private final Target target;
    private final RequestOptions options;
    private final String validator;
    private final long length;
    private final List<String> codings;

    private BodyContinuation(
            Exchange exchange,
            Target target,
            RequestOptions options,
            String validator,
            long length,
            List<String> codings) {
        this.exchange = exchange;
        this.target = target;
        this.options = options;
        this.validator = validator;
        this.length = length;
        this.codings = codings;
    }

    /**
     * How {@code response} can be continued; null when its origin does not offer it.
     *
     * @param exchange asks {@code target} again
     * @param options what was asked for
     */
    static @Nullable BodyContinuation of(
            Exchange exchange, Target target, RequestOptions options, Response response, OptionalLong length) {
        boolean parts = response.headers().getOrEmpty(HttpHeaders.ACCEPT_RANGES).stream()
                .anyMatch(unit -> unit.strip().equalsIgnoreCase("bytes"));
        String validator = strong(response.headers());
        return parts && validator != null && length.isPresent()
                ? new BodyContinuation(
                        exchange,
                        target,
                        options,
                        validator,
                        length.getAsLong(),
                        response.headers().getOrEmpty(HttpHeaders.CONTENT_ENCODING))
                : null;
    }

    private static @Nullable String strong(HttpHeaders headers) {
        String tag = headers.getFirst(HttpHeaders.ETAG);
        if (tag != null) {
            return tag.startsWith("\"") ? tag : null;
        }
        String modified = headers.getFirst(HttpHeaders.LAST_MODIFIED);
        Instant since = HttpDate.parse(modified);
        Instant date = HttpDate.parse(headers.getFirst(HttpHeaders.DATE));
        return since != null && date != null && !date.isBefore(since.plus(STRONG_AFTER)) ? modified : null;
    }

    /** The bytes from {@code position} to the end, or {@code failure} when they are not to be had. */
    Flux<DataBuffer> from(long position, FetchException failure) {
        return Flux.deferContextual(context -> {
            Sinks.One<Response> answered = Sinks.one();
            Sinks.Empty<Void> read = Sinks.empty();
            // The connection is held for as long as the reader runs, which here is as long as the rest is read.
            Mono<Void> holding = exchange.get(target, options.from(new BodyRange(position, validator)), response -> {
                answered.tryEmitValue(response);
                return read.asMono();
            });
            return Flux.using(
                    () -> holding.contextWrite(context)
                            .subscribe(nothing -> {}, refused -> answered.tryEmitError(failure)),
                    // Later, when the reader has been subscribed to: before, its end would reach nobody.
                    held -> answered.asMono()
                            .publishOn(FetchContext.of(context).eventLoop().scheduler())
                            .flatMapMany(response -> isRest(response, position)
                                    ? response.body()
                                            .doOnError(read::tryEmitError)
                                            .doOnComplete(read::tryEmitEmpty)
                                    : Flux.error(failure)),
                    Disposable::dispose);
        });
    }

    /** What an answer to {@code If-Range} need not say again (section 15.3.7) it may not say otherwise. */
    private boolean isRest(Response response, long position) {
        HttpHeaders headers = response.headers();
        String range = headers.getFirst(HttpHeaders.CONTENT_RANGE);
        String tag = headers.getFirst(HttpHeaders.ETAG);
        List<String> named = headers.getOrEmpty(HttpHeaders.CONTENT_ENCODING);
        long told = headers.getContentLength();
        return response.status() == PARTIAL_CONTENT
                && ("bytes " + position + "-" + (length - 1) + "/" + length).equalsIgnoreCase(range)
                && (told < 0 || told == length - position)
                && (tag == null || !validator.startsWith("\"") || tag.equals(validator))
                && (named.isEmpty() || named.equals(codings));
    }
}
