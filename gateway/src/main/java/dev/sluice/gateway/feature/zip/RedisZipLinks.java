package dev.sluice.gateway.feature.zip;

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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Links that all gateways on one Redis share, and that outlive each of them.
 *
 * <pre>
 * zip:link:&lt;token&gt;    string      the request and when it expires, as JSON; goes with its TTL
 * zip:links           sorted set  "&lt;weight&gt;:&lt;token&gt;" of the live links by when they expire, ms of Redis' clock
 * zip:links:weight    string      the sum of those weights
 * </pre>
 *
 * The last two bound what all links take together: full means full, as in {@link InMemoryZipLinks}. They are forgotten
 * when the last link is.
 *
 * <p>A link never changes, so one that this process has seen is found without asking Redis, also while Redis is down.
 * It is the same object every time, for a download writes on its board what listeners read; a download in another
 * process writes on another board.
 */
final class RedisZipLinks implements ZipLinks {
    private static final Logger log = LoggerFactory.getLogger(RedisZipLinks.class);
    private static final Duration OUTAGE = Duration.ofSeconds(1);

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

    /** What stands in Redis. */
    record Kept(ZipRequest request, Instant expiresAt) {}

    private final SharedRedis redis;
    private final JsonMapper json;
    private final Clock clock;
    private final Duration ttl;
    private final long capacity;
    private final Cache<String, ZipLink> seen;

    /** Keeps requests of about {@code capacity} bytes together, over all gateways, each for {@code ttl}. */
    RedisZipLinks(SharedRedis redis, JsonMapper json, Duration ttl, long capacity, Clock clock) {
        this.redis = redis;
        this.json = json;
        this.clock = clock;
        this.ttl = ttl;
        this.capacity = capacity;
        Ticker ticker = () -> TimeUnit.MILLISECONDS.toNanos(clock.millis());
        this.seen = Caffeine.newBuilder()
                .expireAfterWrite(ttl)
                .maximumWeight(capacity)
                .weigher((String token, ZipLink link) -> link.weight())
                .ticker(ticker)
                .executor(Runnable::run)
                .build();
    }

    @Override
    public Mono<ZipLink> keep(ZipRequest request) {
        return Mono.defer(() -> {
            ZipLink link = ZipLink.create(request, clock.instant().plus(ttl));
            String text = json.writeValueAsString(new Kept(request, link.expiresAt()));
            String[] keys = {key(link.token()), redis.key("zip:links"), redis.key("zip:links:weight")};
            String[] values = {
                text,
                link.token(),
                Integer.toString(link.weight()),
                Long.toString(ttl.toMillis()),
                Long.toString(capacity)
            };
            return redis.ask(commands -> commands.<Long>eval(KEEP, ScriptOutputType.INTEGER, keys, values)
                            .next())
                    .onErrorMap(RedisUnavailableException.class, RedisZipLinks::unavailable)
                    .map(kept -> {
                        if (kept == 0) {
                            throw new GatewayException(ProblemCode.OVERLOADED, "No room for another link at present.")
                                    .retryAfter(ttl);
                        }
                        return remember(link);
                    });
        });
    }

    @Override
    public Mono<ZipLink> find(String token) {
        return Mono.defer(() -> {
            if (!ZipLink.isToken(token)) {
                return Mono.empty();
            }
            ZipLink known = seen.getIfPresent(token);
            Mono<ZipLink> found = known == null ? ask(token) : Mono.just(known);
            return found.filter(link -> clock.instant().isBefore(link.expiresAt()));
        });
    }

    private Mono<ZipLink> ask(String token) {
        return redis.ask(commands -> commands.get(key(token)))
                .onErrorMap(RedisUnavailableException.class, RedisZipLinks::unavailable)
                .mapNotNull(text -> {
                    try {
                        Kept kept = json.readValue(text, Kept.class);
                        return remember(new ZipLink(token, kept.request(), kept.expiresAt()));
                    } catch (JacksonException unreadable) {
                        log.warn("A link in Redis cannot be read: {}", unreadable.getOriginalMessage());
                        return null;
                    }
                });
    }

    /** The link as this process knows it: the first of two that are found at the same time. */
    private ZipLink remember(ZipLink link) {
        return seen.get(link.token(), token -> link);
    }

    private String key(String token) {
        return redis.key("zip:link:" + token);
    }

    private static GatewayException unavailable(Throwable cause) {
        return new GatewayException(ProblemCode.OVERLOADED, "Links cannot be reached at present.", cause)
                .retryAfter(OUTAGE);
    }
}
