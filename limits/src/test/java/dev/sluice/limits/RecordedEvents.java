package dev.sluice.limits;

import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** An observer that remembers. */
public final class RecordedEvents implements LimiterObserver {
    public final List<String> wouldHaveRefused = new CopyOnWriteArrayList<>();
    public final List<Throwable> causes = new CopyOnWriteArrayList<>();
    public final Queue<Duration> waits = new ConcurrentLinkedQueue<>();
    public final Queue<Duration> answers = new ConcurrentLinkedQueue<>();
    public final AtomicInteger degraded = new AtomicInteger();
    public final AtomicInteger recovered = new AtomicInteger();
    public final AtomicInteger shared = new AtomicInteger();
    public final AtomicInteger local = new AtomicInteger();
    public final AtomicInteger unsettled = new AtomicInteger();

    @Override
    public void decided(Policy policy, Decision decision, Place place, Duration took) {
        (place == Place.SHARED ? shared : local).incrementAndGet();
    }

    @Override
    public void waitedForRedis(long nanos) {
        waits.add(Duration.ofNanos(nanos));
    }

    @Override
    public void redisAnswered(long nanos) {
        answers.add(Duration.ofNanos(nanos));
    }

    @Override
    public void wouldHaveRefused(Policy policy, Limit limit) {
        wouldHaveRefused.add(limit.name());
    }

    @Override
    public void degraded(Throwable cause) {
        causes.add(cause);
        degraded.incrementAndGet();
    }

    @Override
    public void recovered() {
        recovered.incrementAndGet();
    }

    @Override
    public void settlingFailed(Throwable cause) {
        unsettled.incrementAndGet();
    }
}
