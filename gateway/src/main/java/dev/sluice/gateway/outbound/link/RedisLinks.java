package dev.sluice.gateway.outbound.link;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.redis.RedisUnavailableException;
import dev.sluice.gateway.outbound.redis.SharedRedis;
import io.lettuce.core.ScriptOutputType;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Links that all gateways on one Redis share, and that outlive each of them.
 *
 * <pre>
 * &lt;kind&gt;:link:&lt;token&gt;  string      when it expires, ms since 1970, a line feed, the content; goes with its TTL
 * &lt;kind&gt;:links         sorted set  "&lt;weight&gt;:&lt;token&gt;" of the live links by when they expire, ms of Redis' clock
 * &lt;kind&gt;:links:weight  string      the sum of those weights
 * </pre>
 *
 * The last two bound what all links of a kind take together. They are forgotten when the last link is.
 *
 * <p>A link never changes, so one that this process has seen is found without asking Redis, also while Redis is down.
 */
final class RedisLinks<T> implements Links<T> {
    private static final Duration OUTAGE = Duration.ofSeconds(1);
    private static final Pattern EXPIRY = Pattern.compile("[0-9]{1,15}");

    /**
     * Drops what has expired from the books, then keeps the link or answers 0. Run again for the same token, as a
     * client does that lost its connection before the answer, it changes nothing.
     */
    private static final String KEEP = """
            local link, live, total = KEYS[1], KEYS[2], KEYS[3]
            local json, token, weight, ttl, capacity = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
            if redis.call('EXISTS', link) == 1 then return 1 end
            local time = redis.call('TIME')
            local now = time[1] * 1000 + math.floor(time[2] / 1000)
            local held = 0
            if redis.call('ZCOUNT', live, '(' .. now, '+inf') > 0 then held = tonumber(redis.call('GET', total) or '0') end
            for _, member in ipairs(redis.call('ZRANGEBYSCORE', live, '-inf', now)) do
              held = math.max(0, held - tonumber(string.match(member, '^%d+')))
            end
            local fits = held + weight <= capacity
            -- The first write is one that Redis refuses when its memory is full: all or nothing.
            if fits then redis.call('SET', link, json, 'PX', ttl) end
            local longest = math.max(ttl, redis.call('PTTL', live))
            redis.call('ZREMRANGEBYSCORE', live, '-inf', now)
            if fits then
              redis.call('ZADD', live, now + ttl, weight .. ':' .. token)
              redis.call('PEXPIRE', live, longest)
              held = held + weight
            end
            redis.call('SET', total, held, 'PX', longest)
            return fits and 1 or 0
            """;

    private final SharedRedis redis;
    private final String kind;
    private final LinkFormat<T> format;
    private final Bounds bounds;
    private final Clock clock;
    private final Cache<String, Link<T>> seen;

    RedisLinks(SharedRedis redis, String kind, LinkFormat<T> format, Bounds bounds, Clock clock) {
        this.redis = redis;
        this.kind = kind;
        this.format = format;
        this.bounds = bounds;
        this.clock = clock;
        Ticker ticker = () -> TimeUnit.MILLISECONDS.toNanos(clock.millis());
        this.seen = Caffeine.newBuilder()
                .expireAfterWrite(bounds.ttl())
                .maximumWeight(bounds.capacity())
                .weigher((String token, Link<T> link) -> format.weight(link.content()))
                .ticker(ticker)
                .executor(Runnable::run)
                .build();
    }

    @Override
    public Mono<Link<T>> keep(T content) {
        return Mono.defer(() -> {
            // To the millisecond, as it is kept.
            Instant expiresAt = Instant.ofEpochMilli(clock.millis()).plus(bounds.ttl());
            Link<T> link = Link.create(content, expiresAt);
            String[] keys = {key(link.token()), redis.key(kind + ":links"), redis.key(kind + ":links:weight")};
            String[] values = {
                expiresAt.toEpochMilli() + "\n" + format.write(content),
                link.token(),
                Integer.toString(format.weight(content)),
                Long.toString(bounds.ttl().toMillis()),
                Long.toString(bounds.capacity())
            };
            return redis.ask(commands -> commands.<Long>eval(KEEP, ScriptOutputType.INTEGER, keys, values)
                            .next())
                    .onErrorMap(RedisUnavailableException.class, RedisLinks::unavailable)
                    .map(kept -> {
                        if (kept == 0) {
                            throw bounds.full();
                        }
                        return remember(link);
                    });
        });
    }

    @Override
    public Mono<Link<T>> find(String token) {
        return Mono.defer(() -> {
            if (!Link.isToken(token)) {
                return Mono.empty();
            }
            Link<T> known = seen.getIfPresent(token);
            Mono<Link<T>> found = known == null ? ask(token) : Mono.just(known);
            return found.filter(link -> clock.instant().isBefore(link.expiresAt()));
        });
    }

    private Mono<Link<T>> ask(String token) {
        return redis.ask(commands -> commands.get(key(token)))
                .onErrorMap(RedisUnavailableException.class, RedisLinks::unavailable)
                .mapNotNull(text -> read(token, text));
    }

    private @Nullable Link<T> read(String token, String text) {
        int end = text.indexOf('\n');
        if (end < 0 || !EXPIRY.matcher(text.substring(0, end)).matches()) {
            return null;
        }
        T content = format.read(text.substring(end + 1));
        Instant expiresAt = Instant.ofEpochMilli(Long.parseLong(text.substring(0, end)));
        return content == null ? null : remember(new Link<>(token, content, expiresAt));
    }

    /** The link as this process knows it: the first of two that are found at the same time. */
    private Link<T> remember(Link<T> link) {
        return seen.get(link.token(), token -> link);
    }

    private String key(String token) {
        return redis.key(kind + ":link:" + token);
    }

    private static GatewayException unavailable(Throwable cause) {
        return new GatewayException(ProblemCode.OVERLOADED, "Links cannot be reached at present.", cause)
                .retryAfter(OUTAGE);
    }
}
