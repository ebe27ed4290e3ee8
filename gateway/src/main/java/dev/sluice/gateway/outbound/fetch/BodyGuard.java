package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.Exchange.Response;
import dev.sluice.gateway.outbound.fetch.body.CoalescingFlux;
import dev.sluice.zipstream.BodyTotals;
import dev.sluice.zipstream.ByteLimitExceededException;
import dev.sluice.zipstream.ByteStreams;
import dev.sluice.zipstream.MinimumRate;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** Bounds a body: refused by its declared length before a byte is read, and by what is counted as it is. */
final class BodyGuard {
    private final MinimumRate minimumRate;
    private final FetchRetries retries;

    /** @param retries of bodies that break off */
    BodyGuard(MinimumRate minimumRate, FetchRetries retries) {
        this.minimumRate = minimumRate;
        this.retries = retries;
    }

    /**
     * The declared length of an answer that may be read.
     *
     * @throws FetchException for one whose end is not where HTTP/1.1 says, and for one declared larger than
     *     {@code maxBytes}
     */
    static OptionalLong declaredLength(Response response, long maxBytes) {
        boolean framed = response.headers().getOrEmpty(HttpHeaders.TRANSFER_ENCODING).stream()
                .allMatch(coding -> coding.strip().equalsIgnoreCase("chunked"));
        if (!framed) {
            throw FetchErrors.badAnswer(response.status(), "The origin encoded its response though asked not to");
        }
        long length = response.headers().getContentLength();
        if (length > maxBytes) {
            throw FetchErrors.tooLarge(maxBytes);
        }
        return length < 0 ? OptionalLong.empty() : OptionalLong.of(length);
    }

    /**
     * The body with its bounds: it ends in a {@link FetchException} when it goes over {@code maxBytes}, comes too
     * slowly or breaks off, and each of them drops the connection.
     *
     * @param totals of the bytes as they came
     * @param rest asked for what is missing when it breaks off; null when that cannot be had
     */
    Flux<DataBuffer> bounded(
            Response response,
            BodyTotals totals,
            long maxBytes,
            OptionalLong declared,
            @Nullable BodyContinuation rest,
            Scheduler timer) {
        return new CoalescingFlux(new Parts(totals, maxBytes, declared, rest, timer).read(response.body()));
    }

    /** One body, by as many connections as it takes. Errors are handled before small buffers are merged. */
    private final class Parts {
        private final BodyTotals totals;
        private final long maxBytes;
        private final OptionalLong declared;
        private final @Nullable BodyContinuation rest;
        private final Scheduler timer;

        Parts(
                BodyTotals totals,
                long maxBytes,
                OptionalLong declared,
                @Nullable BodyContinuation rest,
                Scheduler timer) {
            this.totals = totals;
            this.maxBytes = maxBytes;
            this.declared = declared;
            this.rest = rest;
            this.timer = timer;
        }

        /** What comes by one connection, and then by the next. */
        Flux<DataBuffer> read(Flux<DataBuffer> received) {
            return ByteStreams.received(received, totals, maxBytes, minimumRate, timer)
                    .concatWith(Mono.defer(() -> wholeOrError(declared, totals.bytes())))
                    .onErrorResume(this::continued);
        }

        /** What is missing; more than that is not of the same image. */
        private Flux<DataBuffer> part(BodyContinuation rest, long missing, FetchException failure) {
            return ByteStreams.capped(rest.from(totals.bytes(), failure), missing)
                    .onErrorMap(ByteLimitExceededException.class, more -> failure);
        }

        private Flux<DataBuffer> continued(Throwable error) {
            FetchException failure = FetchErrors.ofBody(error);
            long missing = declared.orElse(Long.MAX_VALUE) - totals.bytes();
            // One that was told before is what a continuation that was refused gives back.
            if (rest == null || error == failure || !FetchErrors.BrokenBodyException.is(failure) || missing <= 0) {
                return Flux.error(failure);
            }
            return Mono.deferContextual(context -> retries.pauseOrFailure(failure, FetchContext.of(context)))
                    .thenMany(Flux.defer(() -> read(part(rest, missing, failure))));
        }
    }

    /**
     * The body that {@code coded} stands for, within the same bound. A small one may stand for one of any size.
     *
     * @param start the first bytes of {@code coded}
     * @param totals of the decoded bytes
     * @throws FetchException when the coding is not decoded here
     */
    static Flux<DataBuffer> decoded(
            Flux<DataBuffer> coded, ContentCoding coding, byte[] start, BodyTotals totals, long maxBytes) {
        if (coding == ContentCoding.OTHER) {
            throw FetchErrors.badEncoding("The origin used a content coding that the gateway does not decode");
        }
        Flux<DataBuffer> bounded = ByteStreams.capped(coding.decode(coded, start), maxBytes);
        return new CoalescingFlux(ByteStreams.totalled(bounded, totals)).onErrorMap(FetchErrors::of);
    }

    private static <T> Mono<T> wholeOrError(OptionalLong declared, long count) {
        return declared.isEmpty() || declared.getAsLong() == count
                ? Mono.empty()
                : Mono.error(FetchErrors.broken("The body is shorter than its declared length", null));
    }
}
