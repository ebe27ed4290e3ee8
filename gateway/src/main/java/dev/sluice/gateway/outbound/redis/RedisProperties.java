package dev.sluice.gateway.outbound.redis;

import dev.sluice.gateway.contract.SettingCheck;
import io.lettuce.core.RedisURI;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Set;
import java.util.regex.Pattern;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * {@code sluice.redis.*}.
 *
 * @param url {@code redis://} or {@code rediss://}, with a password if need be, or {@code redis-sentinel://} with the
 *     master's name; empty means that there is no Redis
 * @param commandTimeout for one command, the wait for a connection included, 5 ms to 10 s
 * @param connectTimeout for a connection and its handshake, which go on in the background, 50 ms to 1 min
 * @param queueSize commands that may wait for their answers on one connection, 1 to 1,000,000
 * @param keyPrefix before every key; with its hash tag all keys live in one slot
 */
@ConfigurationProperties("sluice.redis")
record RedisProperties(
        @DefaultValue("") String url,
        @DefaultValue("100ms") Duration commandTimeout,
        @DefaultValue("1s") Duration connectTimeout,
        @DefaultValue("4096") int queueSize,
        @DefaultValue("{sluice}:") String keyPrefix) {
    private static final SettingCheck CHECK = new SettingCheck("sluice.redis.");
    private static final Set<String> SCHEMES = Set.of("redis", "rediss");
    /** Sentinels, of which at least one has to be there, and what they call the master. */
    private static final Pattern SENTINEL = Pattern.compile("rediss?-sentinel://(?:[^@/?#,\\s]*@)?"
            + "[A-Za-z0-9._-]+(?::\\d{1,5})?(?:,[A-Za-z0-9._-]+(?::\\d{1,5})?)*(?:/\\d+)?#[A-Za-z0-9._-]+");

    private static final int LONGEST_PREFIX = 100;
    /** One hash tag, so that the keys of one decision are in one slot of a cluster. */
    private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9:._-]*\\{[A-Za-z0-9:._-]+}[A-Za-z0-9:._-]*");

    RedisProperties {
        if (!url.isBlank()) {
            parse(url);
        }
        CHECK.between("command-timeout", commandTimeout, Duration.ofMillis(5), Duration.ofSeconds(10));
        CHECK.between("connect-timeout", connectTimeout, Duration.ofMillis(50), Duration.ofMinutes(1));
        CHECK.between("queue-size", queueSize, 1, 1_000_000);
        if (keyPrefix.length() > LONGEST_PREFIX || !PREFIX.matcher(keyPrefix).matches()) {
            throw CHECK.bad(
                    "key-prefix",
                    keyPrefix,
                    "at most " + LONGEST_PREFIX + " letters, digits and :._- with one {tag}, for example {sluice}:");
        }
    }

    /** Where Redis is, with the deadline of a handshake. */
    RedisURI uri() {
        RedisURI uri = parse(url);
        uri.setTimeout(connectTimeout);
        uri.getSentinels().forEach(sentinel -> sentinel.setTimeout(connectTimeout));
        return uri;
    }

    /** Where Redis is, for a log. */
    String where() {
        RedisURI uri = parse(url);
        return uri.getSentinels().isEmpty()
                ? uri.getHost() + ":" + uri.getPort()
                : uri.getSentinelMasterId() + ", which the sentinels name";
    }

    /** All but the URL, which may hold a password. */
    @Override
    public String toString() {
        return "RedisProperties[commandTimeout=" + commandTimeout + ", connectTimeout=" + connectTimeout
                + ", queueSize=" + queueSize + ", keyPrefix=" + keyPrefix + "]";
    }

    /** The parser's own message and cause would repeat the URL, so neither is kept. */
    @SuppressWarnings("UnusedException")
    private static RedisURI parse(String url) {
        try {
            if (SENTINEL.matcher(url.strip()).matches()) {
                return RedisURI.create(url.strip());
            }
            // RedisURI alone would take a port that is no number for none.
            URI strict = new URI(url.strip()).parseServerAuthority();
            if (strict.getHost() != null && SCHEMES.contains(strict.getScheme())) {
                return RedisURI.create(strict);
            }
        } catch (URISyntaxException | IllegalArgumentException e) {
            // Said below.
        }
        throw CHECK.bad(
                "url",
                "not shown, it may hold a password",
                "redis://host:port or rediss://host:port, with user:password@ before the host and /database after the"
                        + " port where needed, all of it percent-encoded; or redis-sentinel://sentinel:port,…#master");
    }
}
