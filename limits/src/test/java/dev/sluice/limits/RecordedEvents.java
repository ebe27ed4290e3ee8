package dev.sluice.limits;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** An observer that remembers. */
final class RecordedEvents implements LimiterObserver {
    final List<String> wouldHaveRefused = new CopyOnWriteArrayList<>();
    final List<Throwable> causes = new CopyOnWriteArrayList<>();
    final AtomicInteger degraded = new AtomicInteger();
    final AtomicInteger recovered = new AtomicInteger();
    final AtomicInteger shared = new AtomicInteger();
    final AtomicInteger local = new AtomicInteger();
    final AtomicInteger unsettled = new AtomicInteger();

    @Override
    public void decided(Policy policy, Decision decision, Place place, Duration took) {
        (place == Place.SHARED ? shared : local).incrementAndGet();
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
