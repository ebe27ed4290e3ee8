package dev.sluice.gateway.outbound.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.lettuce.core.RedisCredentials;
import io.lettuce.core.RedisURI;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class RedisPropertiesTest {

    @Test
    void defaultsAreThoseOfTheReadme() {
        assertThat(bind(Map.of()))
                .isEqualTo(new RedisProperties(
                        "", "", "", "", "", "", Duration.ofMillis(100), Duration.ofSeconds(1), 4096, "{sluice}:"));
    }

    @Test
    void everyKeyIsRead(@TempDir Path directory) throws IOException {
        String file = directory.resolve("some.pem").toString();
        Files.writeString(Path.of(file), "");
        RedisProperties properties = bind(Map.of(
                "url", "rediss://me:pass@cache.example:7000/3",
                "ca", file,
                "certificate", file,
                "key", file,
                "command-timeout", "50ms",
                "connect-timeout", "2s",
                "queue-size", "10",
                "key-prefix", "{other}:"));

        assertThat(properties)
                .isEqualTo(new RedisProperties(
                        "rediss://me:pass@cache.example:7000/3",
                        file,
                        file,
                        file,
                        "",
                        "",
                        Duration.ofMillis(50),
                        Duration.ofSeconds(2),
                        10,
                        "{other}:"));
        assertThat(properties.uri().getHost()).isEqualTo("cache.example");
        assertThat(properties.uri().getPort()).isEqualTo(7000);
        assertThat(properties.uri().getDatabase()).isEqualTo(3);
        assertThat(properties.uri().isSsl()).isTrue();
        assertThat(properties.uri().getTimeout()).isEqualTo(Duration.ofSeconds(2));
        assertThat(properties.toString()).doesNotContain("pass");
    }

    @Test
    void sentinelsNameTheMaster() {
        RedisProperties properties = bind(Map.of(
                "url", "redis-sentinel://:pass@one.example:26380,two.example/2#counters", "connect-timeout", "2s"));

        assertThat(properties.uri().getSentinelMasterId()).isEqualTo("counters");
        assertThat(properties.uri().getDatabase()).isEqualTo(2);
        assertThat(properties.uri().getSentinels())
                .extracting(RedisURI::getHost, RedisURI::getPort, RedisURI::getTimeout)
                .containsExactly(
                        tuple("one.example", 26380, Duration.ofSeconds(2)),
                        tuple("two.example", 26379, Duration.ofSeconds(2)));
        assertThat(properties.where()).isEqualTo("counters, which the sentinels name");
    }

    @Test
    void sentinelsHaveAPasswordOfTheirOwn() {
        RedisProperties properties = bind(Map.of(
                "url", "rediss-sentinel://:pass@one.example,two.example#counters",
                "sentinel-user", "watcher",
                "sentinel-password", "other"));

        assertThat(properties.uri().isSsl()).isTrue();
        assertThat(passwords(properties.uri())).isEqualTo("null:pass");
        assertThat(properties.uri().getSentinels())
                .allSatisfy(sentinel -> assertThat(sentinel.isSsl()).isTrue())
                .allSatisfy(sentinel -> assertThat(passwords(sentinel)).isEqualTo("watcher:other"));
        assertThat(properties.toString()).doesNotContain("pass@", "other");
        assertBad(
                Map.of("url", "redis://host", "sentinel-password", "other"),
                "sluice.redis.sentinel-password: not shown");
        assertBad(
                Map.of("url", "redis-sentinel://host#counters", "sentinel-user", "watcher"),
                "sluice.redis.sentinel-user: watcher");
    }

    private static String passwords(RedisURI uri) {
        RedisCredentials shown = uri.getCredentialsProvider()
                .resolveCredentials()
                .blockOptional()
                .orElseThrow();
        return shown.getUsername() + ":" + String.valueOf(shown.getPassword());
    }

    @Test
    void severalHostsOrASchemeThatSaysSoAreACluster() {
        RedisProperties several = bind(Map.of("url", "rediss://me:pass@one.example:7000,two.example"));
        assertThat(several.isCluster()).isTrue();
        assertThat(several.uris())
                .extracting(RedisURI::getHost, RedisURI::getPort, RedisURI::isSsl, RedisURI::getTimeout)
                .containsExactly(
                        tuple("one.example", 7000, true, Duration.ofSeconds(1)),
                        tuple("two.example", 6379, true, Duration.ofSeconds(1)));
        assertThat(several.uris())
                .allSatisfy(uri -> assertThat(uri.getCredentialsProvider()
                                .resolveCredentials()
                                .blockOptional()
                                .orElseThrow()
                                .getUsername())
                        .isEqualTo("me"));
        assertThat(several.where()).isEqualTo("one.example:7000, two.example:6379 and the others of their cluster");

        RedisProperties one = bind(Map.of("url", "redis-cluster://one.example"));
        assertThat(one.isCluster()).isTrue();
        assertThat(one.uris()).extracting(RedisURI::getHost).containsExactly("one.example");
        assertThat(bind(Map.of("url", "redis://one.example")).isCluster()).isFalse();
        assertThat(bind(Map.of("url", "redis-sentinel://one,two#counters")).isCluster())
                .isFalse();
    }

    @Test
    void filesOfTlsAreReadableAndForTls(@TempDir Path directory) throws IOException {
        String there = directory.resolve("ca.pem").toString();
        Files.writeString(Path.of(there), "");
        String missing = directory.resolve("missing.pem").toString();

        assertBad(Map.of("url", "rediss://host", "ca", missing), "sluice.redis.ca: " + missing);
        assertBad(Map.of("url", "redis://host", "ca", there), "sluice.redis.ca: " + there);
        assertBad(Map.of("url", "rediss://host", "certificate", there), "sluice.redis.key: ");
    }

    private static void assertBad(Map<String, String> settings, String message) {
        assertThatThrownBy(() -> bind(settings)).rootCause().hasMessageStartingWith(message);
    }

    @ParameterizedTest
    @CsvSource({
        "command-timeout, 1ms, PT0.005S to PT10S",
        "connect-timeout, 2m, PT0.05S to PT1M",
        "queue-size, 0, 1 to 1000000",
        "key-prefix, a b, at most 100 letters"
    })
    void badValueIsNamedWithWhatWasExpected(String key, String value, String expected) {
        assertThatThrownBy(() -> bind(Map.of(key, value)))
                .rootCause()
                .hasMessageStartingWith("sluice.redis." + key + ": ")
                .hasMessageContaining("(expected: " + expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://user:secret@host",
                "redis://:secret@",
                "redis://user:secret@ho st",
                "redis://user:sec%ret@host",
                "redis://user:secret@host:port",
                "redis-sentinel://user:secret@host",
                "redis-sentinel://user:secret@host:port#master",
                "redis-sentinel://user:secret@one,#master",
                "redis://user:secret@one,two/1",
                "redis://user:secret@one,two:port",
                "redis-cluster://user:secret@",
                "secret@host"
            })
    void badUrlIsNamedAndNotRepeated(String url) {
        assertThatThrownBy(() -> bind(Map.of("url", url)))
                .rootCause()
                .hasMessageStartingWith("sluice.redis.url: ")
                .hasMessageNotContaining("secret");
    }

    private static RedisProperties bind(Map<String, String> settings) {
        var source = new MapConfigurationPropertySource();
        settings.forEach((key, value) -> source.put("sluice.redis." + key, value));
        return new Binder(source).bindOrCreate("sluice.redis", RedisProperties.class);
    }
}
