package dev.sluice.gateway.outbound.link;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.redis.RedisUnavailableException;
import dev.sluice.gateway.outbound.redis.SharedRedis;
import io.lettuce.core.ScriptOutputType;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * Links that all gateways on one Redis share, and that outlive each of them.
 *
 * <pre>
 * &lt;kind&gt;:link:&lt;token&gt;  string      when it expires, ms since 1970, a line feed, the content in Base64; goes with its TTL
 * &lt;kind&gt;:links:live    sorted set  "&lt;weight&gt;:&lt;token&gt;:&lt;subject&gt;:&lt;address&gt;" of the live links by when they
 *                              expire, ms of Redis' clock; subject and address as short hashes
 * &lt;kind&gt;:links:held    hash        the sums of those weights: of all under "*", of each "s:&lt;subject&gt;", "a:&lt;address&gt;"
 * </pre>
 *
 * The last two bound what all links of a kind take together, and what one owner's do. They are forgotten when the last
 * link is.
 *
 * <p>A link never changes, so one that this process has seen is found without asking Redis, also while Redis is down.
 */
final class RedisLinks<T> implements Links<T> {
    private static final Logger LOG = LoggerFactory.getLogger(RedisLinks.class);
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);
    private static final Pattern EXPIRY = Pattern.compile("[0-9]{1,15}");
    private static final int HASH_BYTES = 12;

    /**
     * Removes expired links from the sums, then stores the link, or returns 0 if there is no room and -1 if there is
     * none in the owner's share. Idempotent for a token: a client that lost its connection before the result runs it
     * again.
     */
    private static final String CREATE = """
            local link, live, books = KEYS[1], KEYS[2], KEYS[3]
            local value, token, weight, ttl = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
            local all, subject, address = '*', 's:' .. ARGV[5], 'a:' .. ARGV[6]
            if redis.call('EXISTS', link) == 1 then return 1 end
            local time = redis.call('TIME')
            local now = time[1] * 1000 + math.floor(time[2] / 1000)
            local gone = {}
            for _, member in ipairs(redis.call('ZRANGEBYSCORE', live, '-inf', now)) do
              local w, s, a = string.match(member, '^(%d+):[^:]*:([^:]*):([^:]*)$')
              for _, field in ipairs({all, 's:' .. s, 'a:' .. a}) do gone[field] = (gone[field] or 0) + tonumber(w) end
            end
            local function fits(field, most)
              return tonumber(redis.call('HGET', books, field) or '0') - (gone[field] or 0) + weight <= tonumber(most)
            end
            local answer = 1
            if not fits(all, ARGV[7]) then answer = 0
            elseif not (fits(subject, ARGV[8]) and fits(address, ARGV[9])) then answer = -1 end
            -- The first write is one that Redis refuses when its memory is full: all or nothing.
            if answer == 1 then redis.call('SET', link, value, 'PX', ttl) end
            for field, w in pairs(gone) do
              if redis.call('HINCRBY', books, field, -w) <= 0 then redis.call('HDEL', books, field) end
            end
            redis.call('ZREMRANGEBYSCORE', live, '-inf', now)
            if answer == 1 then
              local longest = math.max(ttl, redis.call('PTTL', live))
              redis.call('ZADD', live, now + ttl, table.concat({weight, token, ARGV[5], ARGV[6]}, ':'))
              for _, field in ipairs({all, subject, address}) do redis.call('HINCRBY', books, field, weight) end
              redis.call('PEXPIRE', live, longest)
              redis.call('PEXPIRE', books, longest)
            end
            return answer
            """;

    private final SharedRedis redis;
    private final String kind;
    private final Links.Format<T> format;
    private final Bounds bounds;
    private final Clock clock;
    private final LinkCache<T> cache;

    RedisLinks(SharedRedis redis, String kind, Links.Format<T> format, Bounds bounds, Clock clock) {
        this.redis = redis;
        this.kind = kind;
        this.format = format;
        this.bounds = bounds;
        this.clock = clock;
        this.cache = new LinkCache<>(format, bounds, clock);
    }

    @Override
    public Mono<Link<T>> create(T content, Owner owner) {
        return Mono.defer(() -> {
            // To the millisecond, as it is stored.
            Instant expiresAt = Instant.ofEpochMilli(clock.millis()).plus(bounds.ttl());
            Link<T> link = Link.create(content, expiresAt);
            String value = expiresAt.toEpochMilli() + "\n" + Base64.getEncoder().encodeToString(format.write(content));
            String[] keys = {key(link.token()), redis.key(kind + ":links:live"), redis.key(kind + ":links:held")};
            String[] values = {
                value,
                link.token(),
                Integer.toString(OVERHEAD + value.length()),
                Long.toString(bounds.ttl().toMillis()),
                hash(owner.subject()),
                hash(owner.address()),
                Long.toString(bounds.capacity()),
                Long.toString(bounds.perSubject()),
                Long.toString(bounds.perAddress())
            };
            return redis.ask(commands -> commands.<Long>eval(CREATE, ScriptOutputType.INTEGER, keys, values)
                            .next())
                    .onErrorMap(RedisUnavailableException.class, RedisLinks::unavailable)
                    .map(stored -> {
                        if (stored != 1) {
                            throw stored == 0 ? bounds.full() : bounds.shareExhausted();
                        }
                        return cache.remember(link);
                    });
        });
    }

    /** Short, of no character that parts the members of a set, and no name that Redis need not know. */
    private static String hash(String name) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
            return Base64.getUrlEncoder().withoutPadding().encodeToString(Arrays.copyOf(hash, HASH_BYTES));
        } catch (NoSuchAlgorithmException missing) {
            throw new IllegalStateException(missing);
        }
    }

    @Override
    public Mono<Link<T>> find(String token) {
        return Mono.defer(() -> {
            if (!Link.isToken(token)) {
                return Mono.empty();
            }
            Link<T> used = cache.find(token);
            Mono<Link<T>> found = used == null ? ask(token) : Mono.just(used);
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
        T content = content(text.substring(end + 1));
        Instant expiresAt = Instant.ofEpochMilli(Long.parseLong(text.substring(0, end)));
        return content == null ? null : cache.remember(new Link<>(token, content, expiresAt));
    }

    private @Nullable T content(String text) {
        try {
            return format.read(Base64.getDecoder().decode(text));
        } catch (IllegalArgumentException ofAnotherRelease) {
            LOG.warn("A link cannot be read: {}", ofAnotherRelease.getMessage());
            return null;
        }
    }

    private String key(String token) {
        return redis.key(kind + ":link:" + token);
    }

    private static GatewayException unavailable(Throwable cause) {
        return new GatewayException(ProblemCode.OVERLOADED, "Links cannot be read or created at present.", cause)
                .retryAfter(RETRY_AFTER);
    }
}
