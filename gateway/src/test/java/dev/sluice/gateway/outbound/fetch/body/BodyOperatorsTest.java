package dev.sluice.gateway.outbound.fetch.body;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.NoLeaks;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import reactor.core.publisher.SignalType;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

/** {@link CoalescingFlux} and {@link PeekedBody} signal by signal: demand, order, and who releases what. */
@ExtendWith(NoLeaks.class)
class BodyOperatorsTest {
    private static final int LARGE = CoalescingFlux.SMALLEST;

    private final NettyDataBufferFactory buffers = new NettyDataBufferFactory(ByteBufAllocator.DEFAULT);
    private final List<ByteBuf> made = new ArrayList<>();
    private final TestPublisher<DataBuffer> origin = TestPublisher.create();

    @AfterEach
    void everyBufferWasReleased() {
        assertThat(made).allSatisfy(buffer -> assertThat(buffer.refCnt()).isZero());
    }

    private DataBuffer buffer(int length) {
        ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer(length).writeZero(length);
        made.add(buffer);
        return buffers.wrap(buffer);
    }

    private static int sizeOfReleased(DataBuffer buffer) {
        int size = buffer.readableByteCount();
        DataBufferUtils.release(buffer);
        return size;
    }

    @Test
    void largeBufferIsHandedOnAsItCame() {
        DataBuffer large = buffer(LARGE);
        StepVerifier.create(new CoalescingFlux(origin.flux()))
                .then(() -> origin.next(large))
                .assertNext(received -> {
                    assertThat(received).isSameAs(large);
                    DataBufferUtils.release(received);
                })
                .then(origin::complete)
                .verifyComplete();
    }

    @Test
    void crumbsAreMergedUntilTheyAreLargeOrTheBodyEnds() {
        StepVerifier.create(new CoalescingFlux(origin.flux()).map(BodyOperatorsTest::sizeOfReleased))
                .then(() -> origin.next(buffer(LARGE - 2), buffer(1), buffer(0)))
                .then(() -> origin.next(buffer(1)))
                .expectNext(LARGE)
                .then(() -> origin.next(buffer(3), buffer(LARGE)))
                .expectNext(LARGE + 3)
                .then(() -> origin.next(buffer(5)))
                .then(origin::complete)
                .expectNext(5)
                .verifyComplete();
    }

    @Test
    void mergedBodyAsksForOneMoreForEachCrumbAndNoMore() {
        StepVerifier.create(new CoalescingFlux(origin.flux()).map(BodyOperatorsTest::sizeOfReleased), 0)
                .thenRequest(1)
                .then(() -> origin.assertMinRequested(1))
                .then(() -> origin.next(buffer(1), buffer(2)))
                .then(() -> origin.next(buffer(LARGE)))
                .expectNext(LARGE + 3)
                .then(() -> origin.assertMaxRequested(3))
                .thenCancel()
                .verify();
    }

    @Test
    void mergedCrumbsAreReleasedOnErrorAndOnCancel() {
        StepVerifier.create(new CoalescingFlux(origin.flux()))
                .then(() -> origin.next(buffer(7)))
                .then(() -> origin.error(new IllegalStateException("broken")))
                .verifyErrorMessage("broken");
        TestPublisher<DataBuffer> other = TestPublisher.create();
        StepVerifier.create(new CoalescingFlux(other.flux()))
                .then(() -> other.next(buffer(7)))
                .thenCancel()
                .verify();
        other.assertCancelled();
    }

    @Test
    void startIsToldWhenEnoughOfItCameAndTheBodyFollowsWhole() {
        var body = new PeekedBody(origin.flux(), 10);
        StepVerifier.create(body.start().map(start -> start.length))
                .then(() -> origin.next(buffer(4)))
                .then(() -> origin.next(buffer(9)))
                .expectNext(10)
                .verifyComplete();
        origin.assertMaxRequested(2);

        StepVerifier.create(body.map(BodyOperatorsTest::sizeOfReleased), 1)
                .expectNext(4)
                .thenRequest(2)
                .expectNext(9)
                .then(() -> origin.next(buffer(20)))
                .expectNext(20)
                .then(origin::complete)
                .verifyComplete();
        origin.assertMaxRequested(3);
    }

    @Test
    void startOfAShortBodyIsAllOfIt() {
        var body = new PeekedBody(origin.flux(), 10);
        StepVerifier.create(body.start().map(start -> start.length))
                .then(() -> origin.next(buffer(4)).complete())
                .expectNext(4)
                .verifyComplete();
        StepVerifier.create(body.map(BodyOperatorsTest::sizeOfReleased))
                .expectNext(4)
                .verifyComplete();
    }

    @Test
    void bodyThatBreaksBeforeItsStartIsKnownFailsTheStart() {
        var body = new PeekedBody(origin.flux(), 10);
        StepVerifier.create(body.start().doFinally(body::close))
                .then(() -> origin.next(buffer(4)).error(new IllegalStateException("broken")))
                .verifyErrorMessage("broken");
    }

    @Test
    void bodyThatBreaksAfterItsStartGivesWhatCameBefore() {
        var body = new PeekedBody(origin.flux(), 4);
        StepVerifier.create(body.start())
                .then(() -> origin.next(buffer(4)))
                .expectNextCount(1)
                .verifyComplete();
        origin.error(new IllegalStateException("broken"));

        StepVerifier.create(body.map(BodyOperatorsTest::sizeOfReleased))
                .expectNext(4)
                .verifyErrorMessage("broken");
    }

    @Test
    void closingReleasesWhatIsHeldAndCancels() {
        var unread = new PeekedBody(origin.flux(), 4);
        StepVerifier.create(unread.start())
                .then(() -> origin.next(buffer(4)))
                .expectNextCount(1)
                .verifyComplete();
        unread.close(SignalType.ON_COMPLETE);
        origin.assertCancelled();

        TestPublisher<DataBuffer> other = TestPublisher.create();
        var halfRead = new PeekedBody(other.flux(), 4);
        StepVerifier.create(halfRead.start())
                .then(() -> other.next(buffer(1)).next(buffer(3)))
                .expectNextCount(1)
                .verifyComplete();
        StepVerifier.create(halfRead.map(BodyOperatorsTest::sizeOfReleased), 1)
                .expectNext(1)
                .thenCancel()
                .verify();
        other.assertCancelled();
    }

    @Test
    void bodyIsReadOnceAndInsideOfItsReader() {
        var body = new PeekedBody(origin.flux(), 4);
        StepVerifier.create(body.start())
                .then(() -> origin.next(buffer(4)).complete())
                .expectNextCount(1)
                .verifyComplete();
        StepVerifier.create(body.map(BodyOperatorsTest::sizeOfReleased))
                .expectNext(4)
                .verifyComplete();

        StepVerifier.create(body).verifyError(IllegalStateException.class);
        body.close(SignalType.ON_COMPLETE);
        StepVerifier.create(body).verifyError(IllegalStateException.class);
    }
}
