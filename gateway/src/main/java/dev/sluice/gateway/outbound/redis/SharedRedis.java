package dev.sluice.gateway.outbound.redis;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.reactive.RedisClusterReactiveCommands;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.publisher.FluxSink.OverflowStrategy;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/**
 * One connection that all features share. It is made in the background, first at start and then, as long as none could
 * be made, when a command wants it; once made it comes back by itself. A command waits no longer than its timeout, or
 * four times that where this process itself stands still, and while the connection is down it fails at once. Safe for
 * use by many threads; answers come on a thread of the client, which must not be blocked.
 */
public final class SharedRedis {
    private static final Logger log = LoggerFactory.getLogger(SharedRedis.class);
    /** A Redis that refuses connections is not asked for one by every request. */
    private static final long REST_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    /** Of a command's time, while this process is too busy to read the answer. */
    private static final int MOST_WAITS = 4;

    static final String ONE_NODE_OF_A_CLUSTER =
            "sluice.redis.url (REDIS_URL) names one node of a cluster as if it were a single server (expected:"
                    + " redis-cluster://host:port, or several hosts)";

    static final String TWO_PASSWORDS =
            "the sentinels' password is sluice.redis.sentinel-password, the master's is in sluice.redis.url (REDIS_URL)";

    private static final Pattern CLUSTER_SIZE = Pattern.compile("cluster_size:(\\d+)");

    private static final String MEMORY = "memory";

    private static final Duration LISTEN_AGAIN = Duration.ofSeconds(1);
    /** A subscription sends nothing by itself: whether its server still answers is seen by this alone. */
    private static final Duration PING_PERIOD = Duration.ofSeconds(5);

    private final AbstractRedisClient client;
    private final RedisURI uri;
    private final String where;
    private final Duration timeout;
    private final String keyPrefix;
    private final AtomicBoolean failing = new AtomicBoolean();
    private final EvictionWarnings evictions = new EvictionWarnings();

    private volatile @Nullable Link link;
    private @Nullable CompletableFuture<Link> connection;
    private long nextAttempt;

    SharedRedis(AbstractRedisClient client, RedisProperties properties) {
        this.client = client;
        this.uri = properties.uri();
        this.where = properties.where();
        this.timeout = properties.commandTimeout();
        this.keyPrefix = properties.keyPrefix();
    }

    /**
     * Sends a command, or a few that belong together.
     *
     * @param command sends it; called once a subscription, when there is a connection
     * @return the answer within the command timeout, or a {@link RedisUnavailableException}
     */
    public <T> Mono<T> ask(Function<RedisClusterReactiveCommands<String, String>, Mono<T>> command) {
        return Mono.defer(() -> Mono.fromFuture(connection(), true))
                .flatMap(open -> command.apply(open.commands).doOnError(error -> leaveReplica(error, open)))
                .timeout(
                        late(timeout, System::nanoTime, MOST_WAITS),
                        Mono.error(() -> new TimeoutException("no answer within " + timeout.toMillis() + " ms")))
                .doOnError(this::failed)
                .onErrorMap(RedisUnavailableException::new)
                .doOnSuccess(answer -> answered());
    }

    /**
     * A value when {@code timeout} has passed and this process was not why: a clock that rings late tells that it stood
     * still, for a collection or for want of a processor, and what Redis sent meanwhile is not read yet. Then the time
     * begins anew.
     */
    static Mono<Long> late(Duration timeout, LongSupplier nanoTime, int waits) {
        return Mono.defer(() -> {
            long due = nanoTime.getAsLong() + timeout.toNanos();
            return Mono.delay(timeout)
                    .flatMap(rung -> waits > 1 && nanoTime.getAsLong() - due > timeout.toNanos() / 4
                            ? late(timeout, nanoTime, waits - 1)
                            : Mono.just(rung));
        });
    }

    /**
     * What is published on a channel, each at most once, and an empty text whenever the subscription has been made:
     * first, and again after a connection was lost. What was published before that moment may have been missed. For a
     * subscriber that is busy only the latest is kept. Neither ends nor fails: it connects again, as long as it takes.
     *
     * @param channel as {@link #key} gives it
     */
    public Flux<String> notices(String channel) {
        return Flux.<String>create(sink -> listen(channel, sink), OverflowStrategy.LATEST)
                .doOnError(this::failed)
                .retryWhen(Retry.fixedDelay(Long.MAX_VALUE, LISTEN_AGAIN));
    }

    private void listen(String channel, FluxSink<String> sink) {
        CompletableFuture<? extends StatefulRedisPubSubConnection<String, String>> opening =
                pubSub().toCompletableFuture();
        Disposable pings = Flux.interval(PING_PERIOD).subscribe(_ -> {
            var _ = opening.thenCompose(open -> open.async().ping());
        });
        sink.onDispose(() -> {
            pings.dispose();
            var _ = opening.thenCompose(StatefulRedisPubSubConnection::closeAsync);
        });
        var _ = opening.thenCompose(open -> {
                    open.addListener(new RedisPubSubAdapter<>() {
                        @Override
                        public void subscribed(String name, long count) {
                            sink.next("");
                        }

                        @Override
                        public void message(String name, String message) {
                            sink.next(message);
                        }
                    });
                    return open.async().subscribe(channel);
                })
                .whenComplete((_, refused) -> {
                    if (refused != null) {
                        sink.error(refused);
                    }
                });
    }

    /**
     * A connection to one node, or to all of a cluster.
     *
     * @param memory asks each master for {@code INFO memory}, by its name
     */
    private record Link(
            StatefulConnection<String, String> connection,
            RedisClusterReactiveCommands<String, String> commands,
            Supplier<Map<String, CompletionStage<String>>> memory) {}

    private Link toNode(StatefulRedisConnection<String, String> open) {
        warnOfOneNodeOfACluster(open);
        return new Link(open, open.reactive(), () -> Map.of(where, open.async().info(MEMORY)));
    }

    private static Link toCluster(StatefulRedisClusterConnection<String, String> open) {
        return new Link(open, open.reactive(), () -> {
            Map<String, CompletionStage<String>> asked = new HashMap<>();
            open.async()
                    .upstream()
                    .commands()
                    .info(MEMORY)
                    .asMap()
                    .forEach((node, memory) -> asked.put(
                            node.getUri().getHost() + ":" + node.getUri().getPort(), memory));
            return asked;
        });
    }

    private CompletionStage<Link> link() {
        return switch (client) {
            // The nodes first: connecting would wait for them.
            case RedisClusterClient cluster ->
                cluster.refreshPartitionsAsync()
                        .thenCompose(_ -> cluster.connectAsync(StringCodec.UTF8))
                        .thenApply(SharedRedis::toCluster);
            case RedisClient node -> node.connectAsync(StringCodec.UTF8, uri).thenApply(this::toNode);
            default -> throw new IllegalStateException(client.getClass().getName());
        };
    }

    /** In a cluster, to any node: what is published on one is told by all. */
    private CompletionStage<? extends StatefulRedisPubSubConnection<String, String>> pubSub() {
        return switch (client) {
            case RedisClusterClient cluster ->
                cluster.refreshPartitionsAsync().thenCompose(_ -> cluster.connectPubSubAsync(StringCodec.UTF8));
            case RedisClient node -> node.connectPubSubAsync(StringCodec.UTF8, uri);
            default -> throw new IllegalStateException(client.getClass().getName());
        };
    }

    /** The setting that leads to a refusal, if one is known. */
    Optional<String> settingBehind(String code) {
        return switch (code) {
            case "MOVED" ->
                client instanceof RedisClusterClient ? Optional.empty() : Optional.of(ONE_NODE_OF_A_CLUSTER);
            case "NOAUTH", "WRONGPASS" -> uri.getSentinels().isEmpty() ? Optional.empty() : Optional.of(TWO_PASSWORDS);
            default -> Optional.empty();
        };
    }

    /** A key as it stands in Redis. */
    public String key(String name) {
        return keyPrefix + name;
    }

    /** Begins to connect and does not wait for it. */
    void connect() {
        var _ = connection(); // a failure is logged, and met by whoever asks first
    }

    /** The connection, or the attempt that is under way, or the one that has just failed. */
    private synchronized CompletableFuture<Link> connection() {
        CompletableFuture<Link> current = connection;
        long now = System.nanoTime();
        if (current == null || (current.isCompletedExceptionally() && now - nextAttempt >= 0)) {
            current = link().whenComplete((open, error) -> {
                        if (error != null) {
                            failed(error);
                        } else {
                            link = open;
                            warnOfEviction();
                        }
                    })
                    .toCompletableFuture();
            nextAttempt = now + REST_NANOS;
            connection = current;
        }
        return current;
    }

    /**
     * A master that became a replica keeps its connections. The next command connects anew, to where sentinels or the
     * resolver say that the master is now; not more often than to a Redis that refuses connections.
     */
    @SuppressWarnings("ReferenceEquality") // the very same connection
    private synchronized void leaveReplica(Throwable error, Link open) {
        CompletableFuture<Link> current = connection;
        if (String.valueOf(error.getMessage()).contains("READONLY")
                && current != null
                && current.getNow(null) == open
                && System.nanoTime() - nextAttempt >= 0) {
            connection = null;
            var _ = open.connection.closeAsync();
        }
    }

    /**
     * Asks every master what it does when its memory is full, and warns if it evicts. Does not wait, and asks nobody
     * while there is no connection.
     */
    void warnOfEviction() {
        Link open = link;
        if (open != null) {
            open.memory.get().forEach((node, asked) -> {
                var _ = asked.thenAccept(memory -> evictions.heard(node, memory));
            });
        }
    }

    /** It works as a single server does, until a key is another node's. */
    private void warnOfOneNodeOfACluster(StatefulRedisConnection<String, String> open) {
        var _ = open.reactive().clusterInfo().toFuture().thenAccept(info -> {
            Matcher masters = CLUSTER_SIZE.matcher(info);
            if (masters.find() && !masters.group(1).equals("1")) {
                log.error("Redis at {} refuses keys of other nodes (MOVED). {}", where, ONE_NODE_OF_A_CLUSTER);
            }
        });
    }

    private void failed(Throwable error) {
        if (failing.compareAndSet(false, true)) {
            log.warn("Redis at {} is unavailable: {}", where, RedisUnavailableException.reason(error));
        }
    }

    private void answered() {
        if (failing.compareAndSet(true, false)) {
            log.info("Redis at {} answers again", where);
        }
    }
}
