package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.contract.FailureLine;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.imagecache.ImageStore;
import dev.sluice.gateway.outbound.redis.RedisUnavailableException;
import dev.sluice.gateway.outbound.redis.SharedLog;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Purges that reach every gateway on one Redis.
 *
 * <p>A purge takes place on the gateway that was asked, then it is appended to a log in Redis and its number is
 * published. Whoever hears of a number, has just subscribed, or has heard nothing for {@link #PERIOD}, reads what comes
 * after the number that it has seen, and does the same. The number stands in the cache's directory too, so that a
 * gateway which was stopped learns at its start what it missed meanwhile.
 *
 * <p>The log holds the last 1000 purges. A gateway that finds a gap (more than those were missed, or Redis has lost
 * what it knew) cannot name what it missed, and forgets its whole cache: images are fetched again, no purge is lost.
 * While a gateway cannot reach Redis it shows what it has.
 *
 * <p>Without Redis, a purge is this gateway's alone.
 */
final class SharedPurges implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SharedPurges.class);
    private static final Duration PERIOD = Duration.ofSeconds(5);
    private static final Duration SHORTLY = Duration.ofSeconds(1);
    private static final int AT_A_TIME = 64;

    /**
     * So much of the log is gone through once more at start: a file whose last reader was still there when the gateway
     * was killed is found again, purged or not.
     */
    private static final long LOOK_BACK_MICROS = TimeUnit.HOURS.toMicros(1);

    private final LocalPurges local;
    private final ImageStore store;
    private final @Nullable SharedLog log;
    private final Set<Long> own = ConcurrentHashMap.newKeySet();
    private final Disposable.Swap running = Disposables.swap();
    private volatile long seen;
    private volatile long stored; // the number that the directory has
    private volatile boolean begun;

    /** @param log null without Redis */
    SharedPurges(LocalPurges local, ImageStore store, @Nullable SharedLog log) {
        this.local = local;
        this.store = store;
        this.log = log;
    }

    /** Begins to learn of others' purges. */
    void start() {
        SharedLog all = log;
        if (all == null) {
            return;
        }
        Mono<Long> before = store.lastPurge().doOnNext(number -> {
            seen = number;
            stored = number;
        });
        Flux<?> occasions = Flux.merge(all.notices(), Flux.interval(PERIOD).onBackpressureDrop())
                .onBackpressureLatest();
        running.update(before.thenMany(occasions.concatMap(occasion -> caughtUp(all), 0))
                .subscribe());
    }

    /**
     * Forgets what is known of {@code url}, here and at every gateway; whether there was anything, as far as is known.
     * Fails with {@code overloaded} when the others cannot be told.
     */
    Mono<Boolean> purge(String url) {
        SharedLog all = log;
        return all == null
                ? local.one(url)
                : local.one(url)
                        .then(Mono.defer(() -> all.add(url)))
                        .doOnNext(own::add)
                        .thenReturn(true)
                        .onErrorMap(RedisUnavailableException.class, SharedPurges::notPublished);
    }

    /** The number of the last purge that took place here. */
    long seen() {
        return seen;
    }

    private Mono<Void> caughtUp(SharedLog all) {
        return all.since(begun ? seen : Math.max(0, seen - LOOK_BACK_MICROS))
                .flatMap(news -> follow(news).then(Mono.fromRunnable(() -> {
                    begun = true;
                    seen = news.newest();
                    own.removeIf(number -> number <= seen);
                })))
                .then(Mono.defer(this::storeNumber))
                .onErrorResume(failure -> {
                    // Redis' outages are logged where they are met; the next occasion comes soon.
                    if (!(failure instanceof RedisUnavailableException)) {
                        LOG.warn(
                                "purges of other gateways could not be followed, soon again: {}",
                                FailureLine.of(failure));
                    }
                    return Mono.empty();
                });
    }

    private Mono<Void> follow(SharedLog.News news) {
        if (!news.continues(seen)) {
            return local.all()
                    .filter(count -> count > 0)
                    .doOnNext(count -> LOG.warn(
                            "purges were missed of which the log in Redis knows no more: all {} images of the cache are"
                                    + " forgotten",
                            count))
                    .then();
        }
        return Flux.fromIterable(news.entries())
                .filter(purge -> !own.contains(purge.number()))
                .flatMap(purge -> local.one(purge.text()), AT_A_TIME)
                .then();
    }

    /** Once it has taken place: a kill before this has it done again. */
    private Mono<Void> storeNumber() {
        long number = seen;
        return number == stored
                ? Mono.empty()
                : store.saveLastPurge(number)
                        .filter(isStored -> isStored)
                        .doOnNext(isStored -> stored = number)
                        .then();
    }

    private static GatewayException notPublished(Throwable cause) {
        return new GatewayException(
                        ProblemCode.OVERLOADED,
                        "This gateway has purged the URL. Redis does not answer, so other gateways may still serve it."
                                + " Try again.",
                        cause)
                .retryAfter(SHORTLY);
    }

    @Override
    public void close() {
        running.dispose();
    }
}
