package dev.sluice.gateway.outbound.share;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * How much of the cache each caller may have evicted: so many bytes at once, which come back evenly within an hour. The
 * cache evicts what was stored longest ago, whoever asks for it, so one caller that asks for ever new images would turn
 * all of it over. What fits without an eviction counts for nothing. Any thread may ask.
 */
public final class EvictionShares {
    private static final Duration PERIOD = Duration.ofHours(1);
    /** Beyond them the one that came longest ago begins anew; each is an address, or the subject of a token. */
    private static final int MOST_CALLERS = 100_000;

    private final long most;
    private final Clock clock;
    private final Cache<String, Taken> taken;

    /** @param bytes of each caller, within an hour */
    public EvictionShares(long bytes, Clock clock) {
        this.most = bytes;
        this.clock = clock;
        this.taken = Caffeine.newBuilder()
                .maximumSize(MOST_CALLERS)
                .expireAfterWrite(PERIOD)
                .ticker(() -> TimeUnit.MILLISECONDS.toNanos(clock.millis()))
                .build();
    }

    /**
     * What has not come back yet.
     *
     * @param bytes at {@code at}
     * @param at in milliseconds since 1970
     * @param admitted whether the last asked for was
     */
    private record Taken(long bytes, long at, boolean admitted) {}

    /** Takes so many bytes of a caller's share, if they are there. */
    public boolean take(String caller, long bytes) {
        long now = clock.millis();
        return taken.asMap()
                .compute(caller, (_, before) -> {
                    long left = before == null ? 0 : left(before, now);
                    boolean fits = left + bytes <= most;
                    return new Taken(fits ? left + bytes : left, now, fits);
                })
                .admitted();
    }

    private long left(Taken before, long now) {
        double elapsed = Math.max(0, now - before.at());
        return Math.max(0, before.bytes() - (long) (most * elapsed / PERIOD.toMillis()));
    }
}
