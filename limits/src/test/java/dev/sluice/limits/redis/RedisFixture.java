package dev.sluice.limits.redis;

import dev.sluice.limits.Await;
import dev.sluice.limits.LimiterObserver;
import dev.sluice.limits.Scope;
import dev.sluice.limits.Subject;
import dev.sluice.limits.TokenBucket;
import dev.sluice.limits.redis.connection.SilentConnections;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.sync.RedisClusterCommands;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import io.lettuce.core.resource.Transports;
import io.netty.util.concurrent.EventExecutorGroup;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Schedulers;

/** Limiters on one Redis, and a connection to look behind their backs. Each fixture has its own keys. */
final class RedisFixture implements AutoCloseable {
    /** Generous: a decision on a busy machine is still one of Redis. */
    static final RedisLimiterSettings PATIENT =
            RedisLimiterSettings.defaults().withTimes(Duration.ofSeconds(10), Duration.ofSeconds(5));

    /** Values are no text: a character is a byte here. */
    private static final StringCodec BYTES = new StringCodec(StandardCharsets.ISO_8859_1);

    private static final AtomicInteger NUMBERS = new AtomicInteger();
    /** Limits that all share, in tests that set the time. */
    private static final List<String> SHARED_LIMITS = List.of("all", "parallel", "units");

    final String prefix = "test" + NUMBERS.incrementAndGet() + ":";
    /** Of daemon threads, for all fixtures of the process. */
    private static final ClientResources RESOURCES = ClientResources.builder()
            .ioThreadPoolSize(2)
            .computationThreadPoolSize(2)
            .reconnectDelay(() -> Delay.constant(Duration.ofMillis(50)))
            .nettyCustomizer(new SilentConnections(Duration.ofSeconds(3)))
            .build();

    private final @Nullable RedisURI uri;
    private final @Nullable RedisCluster cluster;
    private final List<Runnable> opened = new ArrayList<>();
    private final RedisClusterCommands<String, String> direct;

    RedisFixture(RedisURI uri) {
        this.uri = uri;
        cluster = null;
        direct = client(uri).connect(BYTES).sync();
    }

    RedisFixture(RedisCluster cluster) {
        uri = null;
        this.cluster = cluster;
        direct = client(cluster).connect(BYTES).sync();
    }

    private RedisClient client(RedisURI to) {
        RedisClient client = RedisClient.create(RESOURCES, to);
        opened.addFirst(() -> client.shutdown(Duration.ZERO, Duration.ofSeconds(5)));
        return client;
    }

    private RedisClusterClient client(RedisCluster to) {
        RedisClusterClient client = RedisClusterClient.create(RESOURCES, to.uris());
        opened.addFirst(() -> client.shutdown(Duration.ZERO, Duration.ofSeconds(5)));
        return client;
    }

    /** The threads on which connections are read. */
    static EventExecutorGroup loops() {
        return RESOURCES.eventLoopGroupProvider().allocate(Transports.eventLoopGroupClass());
    }

    RedisClusterCommands<String, String> redis() {
        return direct;
    }

    /** What the keys of a subject or an address begin with. */
    String of(String who) {
        return Keys.prefix(prefix, Tags.of(who));
    }

    /** What the key of a limit that all share begins with. */
    String ofAll(String limit) {
        return Keys.prefix(prefix, Tags.ofAll(limit));
    }

    /** The keys of one kind, whosever they are. */
    List<String> keys(String kind) {
        return direct.keys(prefix + "{*}:" + kind + ":*");
    }

    /** All values, by their keys. */
    Map<String, StoredValue> values() {
        Map<String, StoredValue> values = new TreeMap<>();
        for (String kind : List.of("caller", "address", "all")) {
            for (String key : keys(kind)) {
                String value = direct.get(key);
                if (value != null) {
                    values.put(key, StoredValue.of(value));
                }
            }
        }
        return values;
    }

    /** The counters whose names begin so, whosever they are: by the key of their value, a space, and their name. */
    Map<String, StoredValue.Counter> counters(String names) {
        Map<String, StoredValue.Counter> found = new TreeMap<>();
        values().forEach((key, value) -> value.counters().forEach((name, counter) -> {
            if (name.startsWith(names)) {
                found.put(key + ' ' + name, counter);
            }
        }));
        return found;
    }

    RedisLimiter limiter(RedisLimiterSettings settings, Clock clock, LimiterObserver observer) {
        return limiter(settings, clock, observer, RedisLimiter.Scripts.OWN);
    }

    /** One that asks through another address, a proxy's. */
    RedisLimiter limiterAt(int port, RedisLimiterSettings settings, LimiterObserver observer) {
        return opened(RedisLimiter.connect(
                client(RedisURI.create("127.0.0.1", port)),
                settings.withKeyPrefix(prefix),
                Clock.systemUTC(),
                Schedulers.parallel(),
                observer));
    }

    /** One for whose scripts it is the time that {@link #setTime} says. */
    RedisLimiter timedLimiter(RedisLimiterSettings settings, Clock clock, LimiterObserver observer) {
        return limiter(
                settings,
                clock,
                observer,
                RedisLimiter.Scripts.read(file -> timed(Script.ofValues(file)), file -> timed(Script.named(file))));
    }

    /** A script of the limiter with another clock. */
    Script timed(Script script) {
        String text = script.text();
        String asked = "redis.call('TIME')";
        if (text.indexOf(asked) < 0 || text.indexOf(asked) != text.lastIndexOf(asked)) {
            throw new AssertionError("the script does not ask the time exactly once");
        }
        String clock = cluster == null ? "'" + prefix + "clock'" : "string.match(KEYS[1], '^.-}') .. ':clock'";
        // The server's own clock ends keys; a test that runs ahead of it, or waits, must not see that.
        return Script.of(text.replace(asked, "redis.call('HMGET', " + clock + ", 's', 'us')")
                .replace("'PX', ", "'PX', 3600000 + ")
                .replace("'PEXPIRE', key, ", "'PEXPIRE', key, 3600000 + "));
    }

    /** In a cluster a script reads what is in its slot alone. */
    private Collection<String> clocks() {
        if (cluster == null) {
            return List.of(prefix + "clock");
        }
        List<String> clocks = new ArrayList<>();
        Tags.all().forEach(tag -> clocks.add(Keys.prefix(prefix, tag) + "clock"));
        SHARED_LIMITS.forEach(limit -> clocks.add(ofAll(limit) + "clock"));
        return clocks;
    }

    void setTime(Instant now) {
        clocks().forEach(clock -> direct.hset(clock, time(now)));
    }

    /** For a script whose first key this is. */
    void setTime(Instant now, byte[] key) {
        String name = new String(key, StandardCharsets.ISO_8859_1);
        String clock = cluster == null ? prefix + "clock" : name.substring(0, name.indexOf('}') + 1) + ":clock";
        direct.hset(clock, time(now));
    }

    private static Map<String, String> time(Instant now) {
        return Map.of("s", Long.toString(now.getEpochSecond()), "us", Integer.toString(now.getNano() / 1000));
    }

    private RedisLimiter limiter(
            RedisLimiterSettings settings, Clock clock, LimiterObserver observer, RedisLimiter.Scripts scripts) {
        RedisLimiterSettings own = settings.withKeyPrefix(prefix);
        return opened(
                uri == null
                        ? RedisLimiter.connect(
                                client(Objects.requireNonNull(cluster)),
                                own,
                                clock,
                                Schedulers.parallel(),
                                observer,
                                scripts)
                        : RedisLimiter.connect(client(uri), own, clock, Schedulers.parallel(), observer, scripts));
    }

    private RedisLimiter opened(RedisLimiter limiter) {
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
