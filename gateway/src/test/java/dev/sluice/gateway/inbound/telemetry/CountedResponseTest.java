package dev.sluice.gateway.inbound.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.contract.http.FileOutput;
import io.netty.buffer.PooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.NettyDataBuffer;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.http.server.reactive.MockServerHttpResponse;
import org.springframework.mock.web.server.MockServerWebExchange;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;
import reactor.test.publisher.TestPublisher.Violation;

/** A client that has the whole of its answer can ask again: what it held is free by then. */
class CountedResponseTest {
    private static final int LENGTH = 5;

    private final MockServerHttpResponse sent = new MockServerHttpResponse();
    private final CountedResponse response = new CountedResponse(sent);
    private final MockServerWebExchange exchange = MockServerWebExchange.from(MockServerHttpRequest.get("/"));
    private final RequestContext context = RequestContext.of(exchange);
    private final Sinks.Empty<Void> freed = Sinks.empty();
    private final AtomicLong settledWith = new AtomicLong(-1);
    private final NettyDataBuffer buffer = buffer("hello");

    @BeforeEach
    void hold() {
        response.countFor(exchange);
        context.settleAtEnd(() -> {
            settledWith.set(context.usage().sent());
            return freed.asMono();
        });
    }

    @AfterEach
    void release() {
        if (buffer.getNativeBuffer().refCnt() > 0) {
            buffer.release();
        }
    }

    @Test
    void takesNoFilesWhereTheServerBelowTakesNone() {
        assertThat(FileOutput.of(response)).isNull();
    }

    @Test
    void answerInOnePieceIsCountedThenSettledThenSent() {
        Disposable write = response.writeWith(Mono.just(buffer)).subscribe();

        assertThat(settledWith).hasValue(LENGTH);
        assertThat(sent.isCommitted()).isFalse();

        freed.tryEmitEmpty();

        assertThat(write.isDisposed()).isTrue();
        assertThat(sent.getBodyAsString().block()).isEqualTo("hello");
    }

    @Test
    void answerWithoutABodyIsSettledBeforeItsHead() {
        response.setComplete().subscribe();
        assertThat(sent.isCommitted()).isFalse();

        freed.tryEmitEmpty();

        assertThat(sent.isCommitted()).isTrue();
    }

    @Test
    void clientThatLeavesWhileItIsSettledLosesNoBufferAndNoSettlement() {
        Disposable write = response.writeWith(Mono.just(buffer)).subscribe();

        write.dispose();

        assertThat(buffer.getNativeBuffer().refCnt()).isZero();
        Disposable end = context.end().subscribe();
        assertThat(end.isDisposed()).isFalse();
        freed.tryEmitEmpty();
        assertThat(end.isDisposed()).isTrue();
    }

    @Test
    void lastBufferOfAKnownLengthWaitsUntilItIsSettled() {
        NettyDataBuffer first = buffer("hel");
        NettyDataBuffer last = buffer("lo");
        response.getHeaders().setContentLength(LENGTH);
        TestPublisher<DataBuffer> body = TestPublisher.create();
        Disposable write = response.writeWith(body.flux()).subscribe();

        body.next(first);
        assertThat(sent.isCommitted()).isTrue();
        assertThat(settledWith).hasValue(-1);
        body.next(last).complete();
        assertThat(settledWith).hasValue(LENGTH);
        assertThat(write.isDisposed()).isFalse();
        freed.tryEmitEmpty();

        assertThat(write.isDisposed()).isTrue();
        assertThat(sent.getBodyAsString().block()).isEqualTo("hello");
    }

    @Test
    void clientThatLeavesBeforeTheLastBufferIsSentLosesNone() {
        NettyDataBuffer last = buffer("hello");
        response.getHeaders().setContentLength(LENGTH);
        Disposable write = response.writeWith(Flux.just(last)).subscribe();
        assertThat(settledWith).hasValue(LENGTH);

        write.dispose();

        assertThat(last.getNativeBuffer().refCnt()).isZero();
        freed.tryEmitEmpty();
        assertThat(sent.isCommitted()).isFalse();
    }

    @Test
    void lastBufferThatComesOnAnotherThreadAsTheClientLeavesIsReleased() {
        TestPublisher<DataBuffer> body = TestPublisher.createNoncompliant(Violation.CLEANUP_ON_TERMINATE);
        response.getHeaders().setContentLength(LENGTH);

        response.writeWith(body.flux()).subscribe().dispose();
        body.next(buffer);

        assertThat(buffer.getNativeBuffer().refCnt()).isZero();
    }

    @Test
    void onlyBufferThatComesOnAnotherThreadAsTheClientLeavesIsReleased() {
        TestPublisher<DataBuffer> body = TestPublisher.createNoncompliant(Violation.CLEANUP_ON_TERMINATE);

        response.writeWith(body.mono()).subscribe().dispose();
        body.next(buffer);

        assertThat(buffer.getNativeBuffer().refCnt()).isZero();
    }

    @Test
    void bodyThatFailsAfterItsLastByteReleasesItAndFails() {
        NettyDataBuffer last = buffer("hello");
        response.getHeaders().setContentLength(LENGTH);
        Mono<Void> write = response.writeWith(
                Flux.<DataBuffer>just(last).concatWith(Mono.error(new IllegalStateException("cut"))));

        StepVerifier.create(write).verifyErrorMessage("cut");

        assertThat(last.getNativeBuffer().refCnt()).isZero();
        assertThat(settledWith).hasValue(-1);
    }

    @Test
    void bodyShorterThanItsLengthEnds() {
        response.getHeaders().setContentLength(LENGTH + 1);
        Disposable write = response.writeWith(Flux.just(buffer)).subscribe();
        freed.tryEmitEmpty();

        assertThat(write.isDisposed()).isTrue();
        assertThat(sent.getBodyAsString().block()).isEqualTo("hello");
    }

    @Test
    void streamOfUnknownLengthIsSettledAtItsEndAlone() {
        Flux<DataBuffer> body = Flux.just(buffer);
        response.writeWith(body).subscribe();

        assertThat(settledWith).hasValue(-1);
        assertThat(sent.getBodyAsString().block()).isEqualTo("hello");

        context.end().subscribe();
        assertThat(settledWith).hasValue(LENGTH);
    }

    private static NettyDataBuffer buffer(String text) {
        NettyDataBuffer buffer =
                new NettyDataBufferFactory(PooledByteBufAllocator.DEFAULT).allocateBuffer(text.length());
        buffer.write(text, StandardCharsets.UTF_8);
        return buffer;
    }
}
