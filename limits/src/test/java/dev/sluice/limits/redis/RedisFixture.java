package dev.sluice.limits.redis;

import dev.sluice.limits.Await;
import dev.sluice.limits.LimiterObserver;
import dev.sluice.limits.Scope;
import dev.sluice.limits.Subject;
import dev.sluice.limits.TokenBucket;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.scheduler.Schedulers;

/** Limiters on one Redis server, and a connection to look behind their backs. Each fixture has its own keys. */
final class RedisFixture implements AutoCloseable {
    /** Generous: a decision on a busy machine is still one of Redis. */
    static final RedisLimiterSettings PATIENT =
            RedisLimiterSettings.defaults().withTimes(Duration.ofSeconds(10), Duration.ofSeconds(5));

    private static final AtomicInteger NUMBERS = new AtomicInteger();

    final String prefix = "{test" + NUMBERS.incrementAndGet() + "}:";
    /** Of daemon threads, for all fixtures of the process. */
    private static final ClientResources RESOURCES = ClientResources.builder()
            .ioThreadPoolSize(2)
            .computationThreadPoolSize(2)
            .reconnectDelay(() -> Delay.constant(Duration.ofMillis(50)))
            .build();

    private final RedisURI uri;
    private final List<Runnable> opened = new ArrayList<>();
    private final StatefulRedisConnection<String, String> direct;

    RedisFixture(RedisURI uri) {
        this.uri = uri;
        RedisClient client = client(uri);
        direct = client.connect();
    }

    private RedisClient client(RedisURI to) {
        RedisClient client = RedisClient.create(RESOURCES, to);
        opened.addFirst(() -> client.shutdown(Duration.ZERO, Duration.ofSeconds(5)));
        return client;
    }

    RedisCommands<String, String> redis() {
        return direct.sync();
    }

    RedisLimiter limiter(RedisLimiterSettings settings, Clock clock, LimiterObserver observer) {
        return limiter(uri, settings, clock, observer, RedisLimiter.Scripts.OWN);
    }

    /** One that asks through another address, a proxy's. */
    RedisLimiter limiterAt(int port, RedisLimiterSettings settings, LimiterObserver observer) {
        return limiter(
                RedisURI.create("127.0.0.1", port), settings, Clock.systemUTC(), observer, RedisLimiter.Scripts.OWN);
    }

    /** One for whose scripts it is the time that {@link #setTime} says. */
    RedisLimiter timedLimiter(RedisLimiterSettings settings, Clock clock, LimiterObserver observer) {
        RedisLimiter.Scripts scripts =
                new RedisLimiter.Scripts(timed("admit.lua"), timed("settle.lua"), timed("renew.lua"));
        return limiter(uri, settings, clock, observer, scripts);
    }

    /** A script of the limiter with another clock. */
    Script timed(String name) {
        String text = Script.named(name).text();
        String asked = "redis.call('TIME')";
        if (text.indexOf(asked) < 0 || text.indexOf(asked) != text.lastIndexOf(asked)) {
            throw new AssertionError(name + " does not ask the time exactly once");
        }
        // The server's own clock ends keys; a test that runs ahead of it, or waits, must not see that.
        return Script.of(text.replace(asked, "redis.call('HMGET', '" + prefix + "clock', 's', 'us')")
                .replace("'PX', ", "'PX', 3600000 + ")
                .replace("'PEXPIRE', key, ", "'PEXPIRE', key, 3600000 + "));
    }

    void setTime(Instant now) {
        redis().hset(
                        prefix + "clock",
                        Map.of(
                                "s", Long.toString(now.getEpochSecond()),
                                "us", Integer.toString(now.getNano() / 1000)));
    }

    private RedisLimiter limiter(
            RedisURI to,
            RedisLimiterSettings settings,
            Clock clock,
            LimiterObserver observer,
            RedisLimiter.Scripts scripts) {
        RedisLimiter limiter = RedisLimiter.connect(
                client(to), settings.withKeyPrefix(prefix), clock, Schedulers.parallel(), observer, scripts);
        opened.addFirst(limiter::close);
        return limiter;
    }

    /** Waits until Redis decides. */
    static RedisLimiter connected(RedisLimiter limiter) {
        TokenBucket any = TokenBucket.of("any", Scope.SUBJECT, 1, Duration.ofSeconds(1));
        Await.until("a connection", () -> {
            try {
                limiter.inspect(List.of(any), new Subject("nobody", "nowhere")).block();
                return true;
            } catch (RuntimeException e) {
                return false;
            }
        });
        return limiter;
    }

    @Override
    public void close() {
        opened.forEach(Runnable::run);
    }
}
