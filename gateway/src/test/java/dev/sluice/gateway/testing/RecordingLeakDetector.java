package dev.sluice.gateway.testing;

import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakTracker;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Netty's leak detector, which also keeps its reports for {@link NoLeaks}. It must be named before Netty loads:
 * {@code -Dio.netty.customResourceLeakDetector=dev.sluice.gateway.testing.RecordingLeakDetector}.
 */
public final class RecordingLeakDetector<T> extends ResourceLeakDetector<T> {
    private static final List<String> REPORTS = new CopyOnWriteArrayList<>();
    private static final LongAdder TRACKED = new LongAdder();

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

    /** How many resources there were so far. */
    static long tracked() {
        return TRACKED.sum();
    }

    @Override
    public @Nullable ResourceLeakTracker<T> track(T resource) {
        TRACKED.increment();
        return super.track(resource);
    }

    @Override
    public @Nullable ResourceLeakTracker<T> trackForcibly(T resource) {
        TRACKED.increment();
        return super.trackForcibly(resource);
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
}
