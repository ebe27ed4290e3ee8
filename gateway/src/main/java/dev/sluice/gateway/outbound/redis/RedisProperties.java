package dev.sluice.gateway.outbound.redis;

import dev.sluice.gateway.contract.SettingCheck;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SslOptions;
import io.lettuce.core.StaticCredentialsProvider;
import io.lettuce.core.cluster.RedisClusterURIUtil;
import java.io.File;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * {@code sluice.redis.*}.
 *
 * @param url {@code redis://} or {@code rediss://}, with a password if need be, or {@code redis-sentinel://} with the
 *     master's name; several hosts, separated by commas, are seeds of a cluster, of which one is enough to find the
 *     others, and {@code redis-cluster://} with one host is a cluster too; empty means that there is no Redis
 * @param ca a PEM file of certificates, of which one has signed those of the servers; empty means those that Java
 *     trusts
 * @param certificate a PEM file with the certificate by which the servers know this client; empty means none
 * @param key a PEM file with the private key of that certificate, in PKCS #8 without a password
 * @param sentinelUser the sentinels' user, if they have users; that of the URL is the master's
 * @param sentinelPassword the sentinels' password, if they have one; that of the URL is the master's
 * @param commandTimeout time for one command, the wait for a connection included, 5 ms to 10 s
 * @param connectTimeout time for a connection and its handshake, which go on in the background, 50 ms to 1 min
 * @param queueSize commands that may wait for their answers on one connection, 1 to 1,000,000
 * @param keyPrefix prefix of every key. Its hash tag puts the keys of links and purges into one slot; keys of limits
 *     have tags of their own, and this prefix without the braces
 */
@ConfigurationProperties("sluice.redis")
public record RedisProperties(
        @DefaultValue("") String url,
        @DefaultValue("") String ca,
        @DefaultValue("") String certificate,
        @DefaultValue("") String key,
        @DefaultValue("") String sentinelUser,
        @DefaultValue("") String sentinelPassword,
        @DefaultValue("100ms") Duration commandTimeout,
        @DefaultValue("1s") Duration connectTimeout,
        @DefaultValue("4096") int queueSize,
        @DefaultValue("{sluice}:") String keyPrefix) {
    private static final SettingCheck CHECK = new SettingCheck("sluice.redis.");
    private static final Set<String> SCHEMES = Set.of("redis", "rediss");
    /** Sentinels, of which at least one has to be there, and what they call the master. */
    private static final Pattern SENTINEL = Pattern.compile("rediss?-sentinel://(?:[^@/?#,\\s]*@)?"
            + "[A-Za-z0-9._-]+(?::\\d{1,5})?(?:,[A-Za-z0-9._-]+(?::\\d{1,5})?)*(?:/\\d+)?#[A-Za-z0-9._-]+");

    /** Nodes of a cluster: several, or one with a scheme that says so. Lettuce's own form is that of several. */
    private static final String HOSTS = "[A-Za-z0-9._-]+(?::\\d{1,5})?";

    private static final Pattern CLUSTER = Pattern.compile("(rediss?)(?:-cluster://((?:[^@/?#,\\s]*@)?" + HOSTS + "(?:,"
            + HOSTS + ")*)|://((?:[^@/?#,\\s]*@)?" + HOSTS + "(?:," + HOSTS + ")+))/?");

    private static final int LONGEST_PREFIX = 100;
    /** One hash tag, so that the keys of one link or purge are in one slot of a cluster. */
    private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9:._-]*\\{[A-Za-z0-9:._-]+}[A-Za-z0-9:._-]*");

    /** Checks the bounds. */
    public RedisProperties {
        if (!url.isBlank()) {
            parse(url);
        }
        checkFile("ca", ca, url);
        checkFile("certificate", certificate, url);
        checkFile("key", key, url);
        if (certificate.isBlank() != key.isBlank()) {
            throw CHECK.bad("key", key, "set if sluice.redis.certificate is, and only then");
        }
        if (!sentinelPassword.isEmpty() && !namesSentinels(url)) {
            throw CHECK.bad(
                    "sentinel-password",
                    "not shown",
                    "none, or a URL that begins with redis-sentinel or rediss-sentinel");
        }
        if (!sentinelUser.isBlank() && sentinelPassword.isEmpty()) {
            throw CHECK.bad("sentinel-user", sentinelUser, "none, or sluice.redis.sentinel-password set too");
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

    private static void checkFile(String name, String file, String url) {
        if (!file.isBlank() && !Files.isReadable(Path.of(file))) {
            throw CHECK.bad(name, file, "a PEM file that can be read");
        } else if (!file.isBlank() && !url.strip().startsWith("rediss")) {
            throw CHECK.bad(name, file, "none, or an URL that begins with rediss");
        }
    }

    /** Whether the URL names a cluster. */
    boolean isCluster() {
        return CLUSTER.matcher(url.strip()).matches();
    }

    /** Whether a URL names sentinels, which say where the master is. */
    private static boolean namesSentinels(String url) {
        return SENTINEL.matcher(url.strip()).matches();
    }

    /** Where Redis is, with the deadline of a handshake; of a cluster, the seeds. */
    List<RedisURI> uris() {
        List<RedisURI> uris = parse(url);
        for (RedisURI uri : uris) {
            uri.setTimeout(connectTimeout);
            uri.getSentinels().forEach(this::complete);
        }
        return uris;
    }

    private void complete(RedisURI sentinel) {
        sentinel.setTimeout(connectTimeout);
        if (!sentinelPassword.isEmpty()) {
            String user = sentinelUser.isBlank() ? null : sentinelUser;
            sentinel.setCredentialsProvider(new StaticCredentialsProvider(user, sentinelPassword.toCharArray()));
        }
    }

    /** Where Redis is, with the deadline of a handshake; not of a cluster. */
    RedisURI uri() {
        return uris().getFirst();
    }

    /** Whom to trust and what to show; empty if the URL or Java says it all. */
    Optional<SslOptions> tls() {
        if (ca.isBlank() && certificate.isBlank()) {
            return Optional.empty();
        }
        SslOptions.Builder options = SslOptions.builder().jdkSslProvider().handshakeTimeout(connectTimeout);
        if (!ca.isBlank()) {
            options.trustManager(new File(ca));
        }
        if (!certificate.isBlank()) {
            options.keyManager(new File(certificate), new File(key), new char[0]);
        }
        return Optional.of(options.build());
    }

    /** Where Redis is, for a log. */
    String where() {
        List<RedisURI> uris = parse(url);
        RedisURI uri = uris.getFirst();
        if (!uri.getSentinels().isEmpty()) {
            return uri.getSentinelMasterId() + ", which the sentinels name";
        }
        String hosts =
                uris.stream().map(each -> each.getHost() + ":" + each.getPort()).collect(Collectors.joining(", "));
        return isCluster() ? hosts + " and the others of their cluster" : hosts;
    }

    /** All but the passwords and the URL, which may hold one. */
    @Override
    public String toString() {
        return "RedisProperties[commandTimeout=" + commandTimeout + ", connectTimeout=" + connectTimeout + ", ca=" + ca
                + ", certificate=" + certificate + ", sentinelUser=" + sentinelUser + ", queueSize=" + queueSize
                + ", keyPrefix=" + keyPrefix + "]";
    }

    /** The parser's own message and cause would repeat the URL, so neither is kept. */
    @SuppressWarnings("UnusedException")
    private static List<RedisURI> parse(String url) {
        try {
            if (namesSentinels(url)) {
                return List.of(RedisURI.create(url.strip()));
            }
            Matcher cluster = CLUSTER.matcher(url.strip());
            if (cluster.matches()) {
                String nodes = cluster.group(2) == null ? cluster.group(3) : cluster.group(2);
                return RedisClusterURIUtil.toRedisURIs(new URI(cluster.group(1) + "://" + nodes));
            }
            // RedisURI alone would take a port that is no number for none.
            URI strict = new URI(url.strip()).parseServerAuthority();
            if (strict.getHost() != null && SCHEMES.contains(strict.getScheme())) {
                return List.of(RedisURI.create(strict));
            }
        } catch (URISyntaxException | IllegalArgumentException e) {
            // Said below.
        }
        throw CHECK.bad(
                "url",
                "not shown, it may hold a password",
                "redis://host:port or rediss://host:port, with user:password@ before the host and /database after the"
                        + " port where needed, all of it percent-encoded; or redis-sentinel://sentinel:port,…#master; or redis://node:port,node:port,… or"
                        + " redis-cluster://node:port, without a database, for a cluster");
    }
}
