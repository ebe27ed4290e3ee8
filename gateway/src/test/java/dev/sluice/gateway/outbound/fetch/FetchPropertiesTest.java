package dev.sluice.gateway.outbound.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.sluice.gateway.outbound.fetch.policy.AllowedNetwork;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.util.unit.DataSize;

class FetchPropertiesTest {

    private static FetchProperties bind(Map<String, String> properties) {
        return new Binder(new MapConfigurationPropertySource(properties))
                .bindOrCreate("sluice.fetch", FetchProperties.class);
    }

    @Test
    void defaultsAreThoseOfTheDesign() {
        FetchProperties properties = bind(Map.of());

        assertThat(properties)
                .isEqualTo(new FetchProperties(
                        List.of(),
                        false,
                        Set.of(),
                        Duration.ofSeconds(5),
                        null,
                        new FetchProperties.Rate(DataSize.ofKilobytes(1), Duration.ofSeconds(5)),
                        3,
                        1_000,
                        "",
                        "",
                        new FetchProperties.Dns(List.of(), Duration.ofSeconds(5)),
                        new FetchProperties.Retry(3, Duration.ofMillis(200), Duration.ofSeconds(2)),
                        new FetchProperties.Connections(
                                256, 1_024, Duration.ofSeconds(10), Duration.ofSeconds(15), Duration.ofMinutes(5)),
                        new FetchProperties.Breaker(75, 40, Duration.ofSeconds(10), 4)));
    }

    @Test
    void everyKeyIsRead() {
        FetchProperties properties = bind(Map.ofEntries(
                Map.entry("sluice.fetch.allow-networks", "10.0.0.0/8,[::1]:9000"),
                Map.entry("sluice.fetch.allow-networks-in-production", "true"),
                Map.entry("sluice.fetch.allow-ports", "8080,8443"),
                Map.entry("sluice.fetch.connect-timeout", "1s"),
                Map.entry("sluice.fetch.first-byte-timeout", "2s"),
                Map.entry("sluice.fetch.minimum-rate.bytes-per-second", "2KB"),
                Map.entry("sluice.fetch.minimum-rate.grace", "3s"),
                Map.entry("sluice.fetch.max-redirects", "4"),
                Map.entry("sluice.fetch.max-tracked-hosts", "50"),
                Map.entry("sluice.fetch.user-agent", "Test/1"),
                Map.entry("sluice.fetch.contact-url", "https://example.com/sluice"),
                Map.entry("sluice.fetch.dns.servers", "192.0.2.53:53,[2001:db8::53]:5353"),
                Map.entry("sluice.fetch.dns.timeout", "6s"),
                Map.entry("sluice.fetch.retry.tries", "7"),
                Map.entry("sluice.fetch.retry.backoff", "8ms"),
                Map.entry("sluice.fetch.retry.max-backoff", "9ms"),
                Map.entry("sluice.fetch.connections.per-host", "10"),
                Map.entry("sluice.fetch.connections.pending-per-host", "11"),
                Map.entry("sluice.fetch.connections.pending-timeout", "12s"),
                Map.entry("sluice.fetch.connections.max-idle", "13s"),
                Map.entry("sluice.fetch.connections.max-age", "14s"),
                Map.entry("sluice.fetch.breaker.failure-percent", "15"),
                Map.entry("sluice.fetch.breaker.window", "16"),
                Map.entry("sluice.fetch.breaker.rest", "17s"),
                Map.entry("sluice.fetch.breaker.probes", "18")));

        assertThat(properties)
                .isEqualTo(new FetchProperties(
                        List.of("10.0.0.0/8", "[::1]:9000"),
                        true,
                        Set.of(8080, 8443),
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(2),
                        new FetchProperties.Rate(DataSize.ofKilobytes(2), Duration.ofSeconds(3)),
                        4,
                        50,
                        "Test/1",
                        "https://example.com/sluice",
                        new FetchProperties.Dns(List.of("192.0.2.53:53", "[2001:db8::53]:5353"), Duration.ofSeconds(6)),
                        new FetchProperties.Retry(7, Duration.ofMillis(8), Duration.ofMillis(9)),
                        new FetchProperties.Connections(
                                10, 11, Duration.ofSeconds(12), Duration.ofSeconds(13), Duration.ofSeconds(14)),
                        new FetchProperties.Breaker(15, 16, Duration.ofSeconds(17), 18)));
        assertThat(properties.networks())
                .containsExactly(AllowedNetwork.parse("10.0.0.0/8"), AllowedNetwork.parse("[::1]:9000"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "allow-networks | 10.0.0.1/8 | 10.0.0.1/8 (expected: a network such as",
                "allow-ports | 0 | 0 (expected: 1 to 65535)",
                "connect-timeout | 50ms | PT0.05S (expected: PT0.1S to PT1M)",
                "first-byte-timeout | 0s | PT0S (expected: PT0.1S to PT5M)",
                "minimum-rate.bytes-per-second | 0B | 0B (expected: 1B to",
                "minimum-rate.grace | 1h | PT1H (expected: PT0.1S to PT5M)",
                "max-redirects | 11 | 11 (expected: 0 to 10)",
                "max-tracked-hosts | 9 | 9 (expected: 10 to 1000000)",
                "user-agent | Bücher | Bücher (expected: printable ASCII)",
                "contact-url | example.com | example.com (expected: an http or https URL",
                "contact-url | ftp://example.com | ftp://example.com (expected: an http or https URL",
                "contact-url | https://example.com/bücher | https://example.com/bücher (expected: an http or https URL",
                "contact-url | https://example.com/(x) | https://example.com/(x) (expected: an http or https URL",
                "contact-url | https:///path | https:///path (expected: an http or https URL",
                "contact-url | https://example.com/) x | https://example.com/) x (expected: an http or https URL",
                "dns.servers | dns.example:53 | dns.example:53 (expected: an address and port",
                "dns.timeout | 2m | PT2M (expected: PT0.1S to PT1M)",
                "retry.tries | 0 | 0 (expected: 1 to 10)",
                "retry.backoff | 0ms | PT0S (expected: PT0.001S to PT10S)",
                "retry.max-backoff | 1ms | PT0.001S (expected: PT0.2S to PT1M)",
                "connections.per-host | 0 | 0 (expected: 1 to 10000)",
                "connections.pending-per-host | -1 | -1 (expected: 0 to 100000)",
                "connections.pending-timeout | 1ms | PT0.001S (expected: PT0.1S to PT5M)",
                "connections.max-idle | 2h | PT2H (expected: PT1S to PT1H)",
                "connections.max-age | 0s | PT0S (expected: PT1S to PT24H)",
                "breaker.failure-percent | 101 | 101 (expected: 1 to 100)",
                "breaker.window | 1 | 1 (expected: 2 to 10000)",
                "breaker.rest | 2h | PT2H (expected: PT0.1S to PT1H)",
                "breaker.probes | 0 | 0 (expected: 1 to 100)"
            })
    void badValueIsNamedWithWhatWasExpected(String key, String value, String message) {
        Throwable error = catchThrowable(() -> bind(Map.of("sluice.fetch." + key, value)));

        assertThat(error).rootCause().hasMessageStartingWith("sluice.fetch." + key + ": " + message);
    }
}
