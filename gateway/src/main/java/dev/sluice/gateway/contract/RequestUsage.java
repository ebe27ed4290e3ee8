package dev.sluice.gateway.contract;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * What one request has used so far, by unit: the feature says it, and whoever admitted the request settles its permit
 * with it. Bytes of the response are counted without a feature's doing, as {@link #BYTES}.
 */
public final class RequestUsage {
    /** Bytes of the response's body, or those that were fetched for it, whichever are more. */
    public static final String BYTES = "bytes";
    /** Images shown; one that must be decoded for that counts more than once. */
    public static final String IMAGES = "images";
    /** Calls of a paid provider. */
    public static final String CALLS = "calls";

    /** Tokens of a model, asked and written. */
    public static final String TOKENS = "tokens";

    private final Map<String, Long> units = new ConcurrentHashMap<>();
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong fetched = new AtomicLong();

    RequestUsage() {}

    /** The account of the request for which something is done, if it is done for one: from Reactor's context. */
    public static Optional<RequestUsage> find(ContextView context) {
        return context.getOrEmpty(RequestUsage.class);
    }

    /** Adds this as the account of everything upstream. */
    public Context into(Context context) {
        return context.put(RequestUsage.class, this);
    }

    /** Adds bytes of the response's body. */
    public void send(long bytes) {
        sent.addAndGet(bytes);
    }

    /** Adds bytes that came from origins. */
    public void fetch(long bytes) {
        fetched.addAndGet(bytes);
    }

    /** Bytes of the response's body. */
    public long sent() {
        return sent.get();
    }

    /**
     * Adds to what was used; 0 says that the unit is counted and nothing was used yet, and less than 0 takes back what
     * was added and turns out not to have been used.
     */
    public void add(String unit, long amount) {
        units.merge(unit, amount, Long::sum);
    }

    /** How much of a unit was used; 0 of one that nobody has counted. */
    public long of(String unit) {
        long bytes = unit.equals(BYTES) ? Math.max(sent.get(), fetched.get()) : 0;
        return bytes > 0 ? bytes : units.getOrDefault(unit, 0L);
    }
}
