package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.contract.HttpDate;
import dev.sluice.gateway.outbound.fetch.Exchange.Answer;
import dev.sluice.gateway.outbound.fetch.Exchange.Ask;
import dev.sluice.gateway.outbound.fetch.Exchange.Part;
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
    private final Ask ask;
    private final String validator;
    private final long length;
    private final List<String> codings;

    private BodyContinuation(
            Exchange exchange, Target target, Ask ask, String validator, long length, List<String> codings) {
        this.exchange = exchange;
        this.target = target;
        this.ask = ask;
        this.validator = validator;
        this.length = length;
        this.codings = codings;
    }

    /**
     * How {@code answer} can be continued; null when its origin does not offer it.
     *
     * @param exchange asks {@code target} again
     * @param ask what was asked for
     */
    static @Nullable BodyContinuation of(
            Exchange exchange, Target target, Ask ask, Answer answer, OptionalLong length) {
        boolean parts = answer.headers().getOrEmpty(HttpHeaders.ACCEPT_RANGES).stream()
                .anyMatch(unit -> unit.strip().equalsIgnoreCase("bytes"));
        String validator = strong(answer.headers());
        return parts && validator != null && length.isPresent()
                ? new BodyContinuation(
                        exchange,
                        target,
                        ask,
                        validator,
                        length.getAsLong(),
                        answer.headers().getOrEmpty(HttpHeaders.CONTENT_ENCODING))
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
            Sinks.One<Answer> answered = Sinks.one();
            Sinks.Empty<Void> read = Sinks.empty();
            // The connection is held for as long as the reader runs, which here is as long as the rest is read.
            Mono<Void> holding = exchange.get(target, ask.from(new Part(position, validator)), answer -> {
                answered.tryEmitValue(answer);
                return read.asMono();
            });
            return Flux.using(
                    () -> holding.contextWrite(context)
                            .subscribe(nothing -> {}, refused -> answered.tryEmitError(failure)),
                    // Later, when the reader has been subscribed to: before, its end would reach nobody.
                    held -> answered.asMono()
                            .publishOn(Trip.of(context).lane().scheduler())
                            .flatMapMany(answer -> isRest(answer, position)
                                    ? answer.body()
                                            .doOnError(read::tryEmitError)
                                            .doOnComplete(read::tryEmitEmpty)
                                    : Flux.error(failure)),
                    Disposable::dispose);
        });
    }

    /** What an answer to {@code If-Range} need not say again (section 15.3.7) it may not say otherwise. */
    private boolean isRest(Answer answer, long position) {
        HttpHeaders headers = answer.headers();
        String range = headers.getFirst(HttpHeaders.CONTENT_RANGE);
        String tag = headers.getFirst(HttpHeaders.ETAG);
        List<String> named = headers.getOrEmpty(HttpHeaders.CONTENT_ENCODING);
        long told = headers.getContentLength();
        return answer.status() == PARTIAL_CONTENT
                && ("bytes " + position + "-" + (length - 1) + "/" + length).equalsIgnoreCase(range)
                && (told < 0 || told == length - position)
                && (tag == null || !validator.startsWith("\"") || tag.equals(validator))
                && (named.isEmpty() || named.equals(codings));
    }
}
