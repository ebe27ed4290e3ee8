package dev.sluice.gateway.outbound.storage;

import dev.sluice.gateway.testing.ReactiveStreamsRules;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** {@link SequentialWriter} keeps the rules of Reactive Streams: its mono has no elements, and one end. */
class SequentialWriterRulesTest {
    private static final int BUFFERS = 100;

    private final Scheduler steps = Schedulers.single(Schedulers.boundedElastic());

    @TestFactory
    Stream<DynamicTest> writingKeepsTheRules() {
        return ReactiveStreamsRules.of(
                0, elements -> write(BUFFERS, DataBufferUtils::release), write(BUFFERS, buffer -> {
                    DataBufferUtils.release(buffer);
                    throw new IllegalStateException("failed");
                }));
    }

    @TestFactory
    Stream<DynamicTest> writingWithoutAWorkerKeepsTheRules() {
        Scheduler none = Schedulers.newSingle("none");
        none.dispose();
        Mono<Void> failed = SequentialWriter.write(body(1), DataBufferUtils::release, none, UnaryOperator.identity());
        return ReactiveStreamsRules.of(0, elements -> write(0, DataBufferUtils::release), failed);
    }

    private Mono<Void> write(int buffers, SequentialWriter.Consumer consumer) {
        return SequentialWriter.write(body(buffers), consumer, steps, UnaryOperator.identity());
    }

    private static Flux<DataBuffer> body(int buffers) {
        return Flux.range(0, buffers).map(i -> DefaultDataBufferFactory.sharedInstance.wrap(new byte[1]));
    }
}
