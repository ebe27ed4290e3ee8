package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.Exchange.Answer;
import dev.sluice.zipstream.ByteStreams;
import dev.sluice.zipstream.MinimumRate;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** Bounds a body: refused by its declared length before a byte is read, and by what is counted as it is. */
final class BodyGuard {
    private final MinimumRate minimumRate;

    BodyGuard(MinimumRate minimumRate) {
        this.minimumRate = minimumRate;
    }

    /**
     * The declared length of an answer that may be read.
     *
     * @throws FetchException for one whose end is not where HTTP/1.1 says, and for one declared larger than
     *     {@code maxBytes}
     */
    static OptionalLong declaredLength(Answer answer, long maxBytes) {
        boolean framed = answer.headers().getOrEmpty(HttpHeaders.TRANSFER_ENCODING).stream()
                .allMatch(coding -> coding.strip().equalsIgnoreCase("chunked"));
        if (!framed) {
            throw Failures.badAnswer(answer.status(), "The origin encoded its answer though asked not to");
        }
        long length = answer.headers().getContentLength();
        if (length > maxBytes) {
            throw Failures.tooLarge(maxBytes);
        }
        return length < 0 ? OptionalLong.empty() : OptionalLong.of(length);
    }

    /**
     * The body with its bounds: it ends in a {@link FetchException} when it goes over {@code maxBytes}, comes too
     * slowly or breaks off, and each of them drops the connection.
     */
    Flux<DataBuffer> bounded(Answer answer, long maxBytes, OptionalLong declared, Scheduler timer) {
        return Flux.defer(() -> {
            var count = new AtomicLong();
            Flux<DataBuffer> body = ByteStreams.withMinimumRate(answer.body(), minimumRate, timer);
            Flux<DataBuffer> counted = ByteStreams.counting(ByteStreams.capped(body, maxBytes), count::addAndGet);
            return new MergedBody(counted)
                    .concatWith(Mono.defer(() -> wholeOrError(declared, count.get())))
                    .onErrorMap(Failures::of);
        });
    }

    /**
     * The body that {@code coded} stands for, within the same bound. A small one may stand for one of any size.
     *
     * @param start the first bytes of {@code coded}
     * @throws FetchException when the coding is not decoded here
     */
    static Flux<DataBuffer> decoded(Flux<DataBuffer> coded, ContentCoding coding, byte[] start, long maxBytes) {
        if (coding == ContentCoding.OTHER) {
            throw Failures.badEncoding(
                    "The origin encoded its answer, though asked not to, in a way that is not decoded");
        }
        return new MergedBody(ByteStreams.capped(DecodedBody.of(coded, coding, start), maxBytes))
                .onErrorMap(Failures::of);
    }

    private static <T> Mono<T> wholeOrError(OptionalLong declared, long count) {
        return declared.isEmpty() || declared.getAsLong() == count
                ? Mono.empty()
                : Mono.error(Failures.broken("The body is shorter than its declared length", null));
    }
}
