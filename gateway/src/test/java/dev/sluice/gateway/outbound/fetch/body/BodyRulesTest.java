package dev.sluice.gateway.outbound.fetch.body;

import dev.sluice.gateway.testing.ReactiveStreamsRules;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.reactivestreams.Publisher;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.publisher.Flux;

/** {@link CoalescingFlux} and {@link PeekedBody} keep the rules of Reactive Streams. */
class BodyRulesTest {
    private static final long MOST = 10_000;
    private static final byte[] LARGE = new byte[CoalescingFlux.SMALLEST];

    private static Flux<DataBuffer> body(long elements) {
        return Flux.range(0, (int) elements).map(i -> DefaultDataBufferFactory.sharedInstance.wrap(LARGE));
    }

    @TestFactory
    Stream<DynamicTest> coalescedBodiesKeepTheRules() {
        return ReactiveStreamsRules.of(
                MOST,
                elements -> new CoalescingFlux(body(elements)),
                new CoalescingFlux(Flux.error(new IllegalStateException("failed"))));
    }

    @TestFactory
    Stream<DynamicTest> peekedBodiesKeepTheRules() {
        return ReactiveStreamsRules.of(
                MOST, elements -> peeked(body(elements)), peeked(Flux.error(new IllegalStateException("failed"))));
    }

    private static Publisher<DataBuffer> peeked(Flux<DataBuffer> body) {
        PeekedBody peeked = new PeekedBody(body, 1);
        var _ = peeked.start().onErrorComplete().subscribe();
        return peeked;
    }
}
