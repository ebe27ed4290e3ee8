package dev.sluice.gateway.testing;

import static org.junit.jupiter.api.Assumptions.abort;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Comparator;
import java.util.function.LongFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.reactivestreams.Publisher;
import org.reactivestreams.tck.PublisherVerification;
import org.reactivestreams.tck.TestEnvironment;
import org.testng.SkipException;
import org.testng.annotations.Test;

/** The rules of Reactive Streams, as its own test kit checks them of a publisher. */
public final class ReactiveStreamsRules {
    private static final long SIGNAL_MILLIS = 1_000;
    private static final long NO_SIGNAL_MILLIS = 20;
    private static final long COLLECTED_MILLIS = 5_000;

    private ReactiveStreamsRules() {}

    /**
     * A test for each rule.
     *
     * @param most elements that a publisher can have
     * @param source makes a publisher of so many elements
     * @param failed fails its subscriber at once; null when there is no such publisher
     */
    public static <T> Stream<DynamicTest> of(
            long most, LongFunction<Publisher<T>> source, @Nullable Publisher<T> failed) {
        return Arrays.stream(PublisherVerification.class.getMethods())
                .filter(method -> method.isAnnotationPresent(Test.class))
                .sorted(Comparator.comparing(Method::getName))
                .map(method -> DynamicTest.dynamicTest(
                        method.getName(), () -> check(method, new Kit<>(most, source, failed))));
    }

    /** The kit is written for TestNG; its rules are methods all the same. */
    private static void check(Method rule, Kit<?> kit) throws Throwable {
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

    private static final class Kit<T> extends PublisherVerification<T> {
        private final long most;
        private final LongFunction<Publisher<T>> source;
        private final @Nullable Publisher<T> failed;

        Kit(long most, LongFunction<Publisher<T>> source, @Nullable Publisher<T> failed) {
            super(new TestEnvironment(SIGNAL_MILLIS, NO_SIGNAL_MILLIS), COLLECTED_MILLIS);
            this.most = most;
            this.source = source;
            this.failed = failed;
        }

        @Override
        public Publisher<T> createPublisher(long elements) {
            return source.apply(elements);
        }

        @Override
        public @Nullable Publisher<T> createFailedPublisher() {
            return failed;
        }

        @Override
        public long maxElementsFromPublisher() {
            return most;
        }
    }
}
