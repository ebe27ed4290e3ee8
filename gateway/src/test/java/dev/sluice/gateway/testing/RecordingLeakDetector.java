package dev.sluice.gateway.testing;

import io.netty.util.LeakPresenceDetector;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakTracker;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Netty's leak detector, which also keeps its reports for {@link NoLeaks}. It must be named before Netty loads:
 * {@code -Dio.netty.customResourceLeakDetector=dev.sluice.gateway.testing.RecordingLeakDetector}.
 */
public final class RecordingLeakDetector<T> extends ResourceLeakDetector<T> {
    private static final List<String> REPORTS = new CopyOnWriteArrayList<>();
    private static final Set<Tracker<?>> OPEN = ConcurrentHashMap.newKeySet();

    /** Is in the stack trace of a resource that is made to be a constant, and so is never released. */
    private static final String CONSTANT = LeakPresenceDetector.class.getName() + ".staticInitializer";

    /** Called by Netty, by reflection. */
    @SuppressWarnings("deprecation")
    public RecordingLeakDetector(Class<T> resourceType, int samplingInterval) {
        super(resourceType, samplingInterval);
    }

    /** Called by Netty, by reflection. */
    @SuppressWarnings("deprecation")
    public RecordingLeakDetector(Class<T> resourceType, int samplingInterval, long maxActive) {
        super(resourceType, samplingInterval);
    }

    /** Every report so far. */
    static List<String> reports() {
        return List.copyOf(REPORTS);
    }

    /** Whether any resource but constants is not released: where there is none, none can be found to be lost. */
    static boolean anyIsOpen() {
        return OPEN.stream().anyMatch(tracker -> !tracker.netty.toString().contains(CONSTANT));
    }

    @Override
    public @Nullable ResourceLeakTracker<T> track(T resource) {
        return open(super.track(resource));
    }

    @Override
    public @Nullable ResourceLeakTracker<T> trackForcibly(T resource) {
        return open(super.trackForcibly(resource));
    }

    private static <T> @Nullable ResourceLeakTracker<T> open(@Nullable ResourceLeakTracker<T> netty) {
        if (netty == null) {
            return null;
        }
        Tracker<T> tracker = new Tracker<>(netty);
        OPEN.add(tracker);
        return tracker;
    }

    @Override
    protected void reportTracedLeak(String resourceType, String records) {
        REPORTS.add(resourceType + records);
        super.reportTracedLeak(resourceType, records);
    }

    @Override
    protected void reportUntracedLeak(String resourceType) {
        REPORTS.add(resourceType);
        super.reportUntracedLeak(resourceType);
    }

    /** Netty's own, which is open until its resource is released. It does not hold that: it could not be lost. */
    private static final class Tracker<T> implements ResourceLeakTracker<T> {
        private final ResourceLeakTracker<T> netty;

        Tracker(ResourceLeakTracker<T> netty) {
            this.netty = netty;
        }

        @Override
        public void record() {
            netty.record();
        }

        @Override
        public void record(Object hint) {
            netty.record(hint);
        }

        @Override
        public boolean close(T resource) {
            OPEN.remove(this);
            return netty.close(resource);
        }

        @Override
        public @Nullable Throwable getCloseStackTraceIfAny() {
            return netty.getCloseStackTraceIfAny();
        }
    }
}
