package dev.sluice.gateway.outbound.imagecache.disk;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.BaseSubscriber;
import reactor.test.StepVerifier;

class HandoffMonoTest {
    private static final CachedMeta META =
            new CachedMeta("u", "image/png", "\"e\"", 1, Instant.EPOCH, null, null, null);

    private static OpenImage image(AtomicInteger disposed) {
        return OpenImage.inFile(META, Path.of("file"), 0, 0, disposed::incrementAndGet);
    }

    @Test
    void imageWaitsUntilItIsAskedFor() {
        AtomicInteger disposed = new AtomicInteger();
        StepVerifier.create(HandoffMono.to(receiver -> receiver.give(image(disposed))), 0)
                .expectSubscription()
                .thenRequest(1)
                .expectNextCount(1)
                .verifyComplete();
        assertThat(disposed).hasValue(0);
    }

    @Test
    void failureOfTheSourceIsTheSubscribers() {
        StepVerifier.create(HandoffMono.to(receiver -> {
                    throw new IllegalStateException("no");
                }))
                .verifyErrorMessage("no");
    }

    @Test
    void nothingIsGivenAsCompletion() {
        StepVerifier.create(HandoffMono.to(HandoffMono.Receiver::giveNothing), 0)
                .verifyComplete();
    }

    @Test
    void cancellationIsToldOnceAndNotAfterTheImageWasGiven() {
        AtomicInteger told = new AtomicInteger();
        StepVerifier.create(HandoffMono.to(receiver -> receiver.onCancel(told::incrementAndGet)))
                .thenCancel()
                .verify();
        assertThat(told).hasValue(1);

        AtomicInteger disposed = new AtomicInteger();
        BaseSubscriber<OpenImage> subscriber = new BaseSubscriber<>() {};
        HandoffMono.to(receiver -> {
                    receiver.onCancel(told::incrementAndGet);
                    receiver.give(image(disposed));
                })
                .subscribe(subscriber);
        subscriber.cancel();
        assertThat(told).hasValue(1);
        assertThat(disposed).as("the subscriber's to dispose").hasValue(0);
    }

    /** Forbidden: an image that was neither received nor disposed, or both. */
    @Test
    void givingAndCancellingMayRace() throws Exception {
        CyclicBarrier together = new CyclicBarrier(2);
        try (ExecutorService other = Executors.newSingleThreadExecutor()) {
            for (int round = 0; round < 5_000; round++) {
                AtomicInteger disposed = new AtomicInteger();
                AtomicInteger received = new AtomicInteger();
                AtomicReference<HandoffMono.Receiver> receiver = new AtomicReference<>();
                BaseSubscriber<OpenImage> subscriber = new BaseSubscriber<>() {
                    @Override
                    protected void hookOnNext(OpenImage image) {
                        received.incrementAndGet();
                    }
                };
                HandoffMono.to(receiver::set).subscribe(subscriber);
                Future<?> giving = other.submit(() -> {
                    together.await();
                    receiver.get().give(image(disposed));
                    return null;
                });
                together.await();
                receiver.get().cancel();
                giving.get();

                assertThat(received.get() + disposed.get()).isOne();
            }
        }
    }
}
