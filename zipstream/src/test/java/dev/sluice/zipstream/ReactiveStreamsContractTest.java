package dev.sluice.zipstream;

import static org.junit.jupiter.api.Assumptions.abort;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.reactivestreams.Publisher;
import org.reactivestreams.tck.PublisherVerification;
import org.reactivestreams.tck.TestEnvironment;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.testng.SkipException;
import org.testng.annotations.Test;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;

/** The rules of Reactive Streams, as its own test kit checks them. */
class ReactiveStreamsContractTest {

    private static final DataBufferFactory HEAP = new DefaultDataBufferFactory();

    @TestFactory
    Stream<DynamicTest> byteStreamsKeepTheRules() {
        return rules(elements -> ByteStreams.withDeadline(
                ByteStreams.withMinimumRate(
                        ByteStreams.capped(buffers(elements), Long.MAX_VALUE),
                        new MinimumRate(1, Duration.ofHours(1)),
                        Schedulers.parallel()),
                Duration.ofHours(1),
                Schedulers.parallel()));
    }

    /** An archive of empty entries: a header each, and the end. */
    @TestFactory
    Stream<DynamicTest> archivesKeepTheRules() {
        return rules(elements -> elements == 0
                ? Flux.empty()
                : ZipStream.of(Flux.range(0, (int) elements - 1).map(ReactiveStreamsContractTest::empty), HEAP));
    }

    /** A range from the middle of a laid-out archive: payload, headers and payload. */
    @TestFactory
    Stream<DynamicTest> rangesOfLayoutsKeepTheRules() {
        ArchiveLayout layout = ArchiveLayout.of(List.of(
                new EntryHeader("a", 10_001, 0, Instant.EPOCH), new EntryHeader("b", 10_001, 0, Instant.EPOCH)));
        int header = 30 + 1;
        return rules(elements -> elements < 2
                ? layout.bytes(header, elements, part -> buffers(part.length()), HEAP)
                : layout.bytes(
                        header + 10_001 - elements / 2, elements - 1 + header, part -> buffers(part.length()), HEAP));
    }

    private static ArchiveEntry empty(int number) {
        return new ArchiveEntry("e" + number, 0, 0, Instant.EPOCH, Flux.empty(), Disposables.disposed());
    }

    private static Flux<DataBuffer> buffers(long elements) {
        return Flux.range(0, (int) Math.min(elements, Integer.MAX_VALUE)).map(i -> HEAP.wrap(new byte[1]));
    }

    private interface Source {
        Publisher<DataBuffer> of(long elements);
    }

    /** The kit is written for TestNG; its rules are methods all the same. */
    private static Stream<DynamicTest> rules(Source source) {
        return Arrays.stream(PublisherVerification.class.getMethods())
                .filter(method -> method.isAnnotationPresent(Test.class))
                .sorted(Comparator.comparing(Method::getName))
                .map(method -> DynamicTest.dynamicTest(method.getName(), () -> check(method, new Kit(source))));
    }

    private static void check(Method rule, Kit kit) throws Throwable {
        kit.setUp();
        try {
            rule.invoke(kit);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof SkipException skipped) {
                abort(String.valueOf(skipped.getMessage()));
            }
            throw e.getCause();
        }
    }

    private static final class Kit extends PublisherVerification<DataBuffer> {

        private final Source source;

        Kit(Source source) {
            super(new TestEnvironment(200, 20), 100);
            this.source = source;
        }

        @Override
        public Publisher<DataBuffer> createPublisher(long elements) {
            return source.of(elements);
        }

        @Override
        public Publisher<DataBuffer> createFailedPublisher() {
            return ByteStreams.capped(Flux.error(new IllegalStateException("failed")), 1);
        }

        @Override
        public long maxElementsFromPublisher() {
            return 10_000;
        }
    }
}
