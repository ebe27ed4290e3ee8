package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.contract.SettingCheck;
import dev.sluice.gateway.contract.http.CidrBlock;
import dev.sluice.gateway.contract.http.HttpUrl;
import dev.sluice.gateway.outbound.fetch.policy.AllowedNetwork;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * {@code sluice.fetch.*}: what a fetch may reach, how long it may take and how much of it there may be.
 *
 * @param allowNetworks networks such as {@code 10.1.0.0/16}, and {@code address:port}s, that may be reached though they
 *     are not public
 * @param allowNetworksInProduction whether a gateway with the profile {@code prod} starts though {@code allowNetworks}
 *     is set
 * @param allowPorts ports that a URL may name besides 80 and 443
 * @param connectTimeout time to connect to one address, and again for the TLS handshake, 100 ms to 1 min
 * @param firstByteTimeout time from the end of the request to the end of the answer's header, 100 ms to 5 min; if
 *     unset, only the deadline of the whole fetch bounds it
 * @param minimumRate what a body must keep up
 * @param maxRedirects redirects that one fetch follows, 0 to 10
 * @param maxTrackedHosts origins whose breaker, bulkhead and idle connections are kept, 10 to 1,000,000
 * @param userAgent {@code User-Agent} of requests to origins; empty means {@code Sluice/} and the version, with the
 *     {@code contactUrl} if there is one
 * @param contactUrl http or https URL at which an origin's operator finds who asks; empty for none
 * @param dns how names are resolved
 * @param retry when a try is repeated
 * @param connections connections to one origin
 * @param breaker when an origin is given a rest
 */
@ConfigurationProperties("sluice.fetch")
record FetchProperties(
        @DefaultValue List<String> allowNetworks,
        @DefaultValue("false") boolean allowNetworksInProduction,
        @DefaultValue Set<Integer> allowPorts,
        @DefaultValue("5s") Duration connectTimeout,
        @Nullable Duration firstByteTimeout,
        @DefaultValue Rate minimumRate,
        @DefaultValue("3") int maxRedirects,
        @DefaultValue("1000") int maxTrackedHosts,
        @DefaultValue("") String userAgent,
        @DefaultValue("") String contactUrl,
        @DefaultValue Dns dns,
        @DefaultValue Retry retry,
        @DefaultValue Connections connections,
        @DefaultValue Breaker breaker) {

    FetchProperties {
        allowNetworks = List.copyOf(allowNetworks);
        allowPorts = Set.copyOf(allowPorts);
        allowNetworks.forEach(network -> Setting.parses("allow-networks", network, AllowedNetwork::parse));
        allowPorts.forEach(port -> Setting.CHECK.between("allow-ports", port, 1, 65_535));
        Setting.CHECK.between("connect-timeout", connectTimeout, Duration.ofMillis(100), Duration.ofMinutes(1));
        if (firstByteTimeout != null) {
            Setting.CHECK.between(
                    "first-byte-timeout", firstByteTimeout, Duration.ofMillis(100), Duration.ofMinutes(5));
        }
        Setting.CHECK.between("max-redirects", maxRedirects, 0, 10);
        Setting.CHECK.between("max-tracked-hosts", maxTrackedHosts, 10, 1_000_000);
        Setting.header("user-agent", userAgent);
        Setting.link("contact-url", contactUrl);
    }

    /** The networks as they are used. */
    List<AllowedNetwork> networks() {
        return allowNetworks.stream().map(AllowedNetwork::parse).toList();
    }

    /**
     * {@code sluice.fetch.minimum-rate.*}.
     *
     * @param bytesPerSecond pace that a body must keep up, 1 B to 1 GB
     * @param grace longest silence that is forgiven, 100 ms to 5 min
     */
    record Rate(
            @DefaultValue("1KB") DataSize bytesPerSecond,
            @DefaultValue("5s") Duration grace) {
        Rate {
            Setting.CHECK.between(
                    "minimum-rate.bytes-per-second", bytesPerSecond, DataSize.ofBytes(1), DataSize.ofGigabytes(1));
            Setting.CHECK.between("minimum-rate.grace", grace, Duration.ofMillis(100), Duration.ofMinutes(5));
        }
    }

    /**
     * {@code sluice.fetch.dns.*}.
     *
     * @param servers {@code address:port} of the name servers to ask, in order; empty means those of the system
     * @param timeout time for a whole resolution, 100 ms to 1 min
     */
    record Dns(
            @DefaultValue List<String> servers,
            @DefaultValue("5s") Duration timeout) {
        Dns {
            servers = List.copyOf(servers);
            servers.forEach(server -> Setting.parses("dns.servers", server, Setting::endpoint));
            Setting.CHECK.between("dns.timeout", timeout, Duration.ofMillis(100), Duration.ofMinutes(1));
        }
    }

    /**
     * {@code sluice.fetch.retry.*}: connect errors, 5xx and 429 are tried again as long as the deadline allows.
     *
     * @param tries tries of one fetch, the first one included, 1 to 10
     * @param backoff pause before the second try, doubled before each further one, half of it at random, 1 ms to 10 s
     * @param maxBackoff longest such pause, {@code Retry-After} excepted, 1 ms to 1 min
     */
    record Retry(
            @DefaultValue("3") int tries,
            @DefaultValue("200ms") Duration backoff,
            @DefaultValue("2s") Duration maxBackoff) {
        Retry {
            Setting.CHECK.between("retry.tries", tries, 1, 10);
            Setting.CHECK.between("retry.backoff", backoff, Duration.ofMillis(1), Duration.ofSeconds(10));
            Setting.CHECK.between("retry.max-backoff", maxBackoff, backoff, Duration.ofMinutes(1));
        }
    }

    /**
     * {@code sluice.fetch.connections.*}: to one origin, a host and port.
     *
     * @param perHost connections to one origin in use at one time, shared out among the event loops, 1 to 10,000
     * @param pendingPerHost exchanges that may wait for a connection to one origin, 0 to 100,000
     * @param pendingTimeout how long an exchange waits for a connection, 100 ms to 5 min
     * @param maxIdle time after which an unused connection is closed, 1 s to 1 h
     * @param maxAge age at which a connection is closed after its exchange, 1 s to 1 d
     */
    record Connections(
            @DefaultValue("256") int perHost,
            @DefaultValue("1024") int pendingPerHost,
            @DefaultValue("10s") Duration pendingTimeout,
            @DefaultValue("15s") Duration maxIdle,
            @DefaultValue("5m") Duration maxAge) {
        Connections {
            Setting.CHECK.between("connections.per-host", perHost, 1, 10_000);
            Setting.CHECK.between("connections.pending-per-host", pendingPerHost, 0, 100_000);
            Setting.CHECK.between(
                    "connections.pending-timeout", pendingTimeout, Duration.ofMillis(100), Duration.ofMinutes(5));
            Setting.CHECK.between("connections.max-idle", maxIdle, Duration.ofSeconds(1), Duration.ofHours(1));
            Setting.CHECK.between("connections.max-age", maxAge, Duration.ofSeconds(1), Duration.ofDays(1));
        }
    }

    /**
     * {@code sluice.fetch.breaker.*}: an origin that fails most of its exchanges is not asked for a while.
     *
     * @param failurePercent share of the last {@code window} exchanges that failed at which an origin is not asked for
     *     a while, 1 to 100
     * @param window exchanges that are counted, and needed before anything is decided, 2 to 10,000
     * @param rest how long the origin is not asked, 100 ms to 1 h
     * @param probes exchanges that then decide whether the origin is well again, 1 to 100
     */
    record Breaker(
            @DefaultValue("75") int failurePercent,
            @DefaultValue("40") int window,
            @DefaultValue("10s") Duration rest,
            @DefaultValue("4") int probes) {
        Breaker {
            Setting.CHECK.between("breaker.failure-percent", failurePercent, 1, 100);
            Setting.CHECK.between("breaker.window", window, 2, 10_000);
            Setting.CHECK.between("breaker.rest", rest, Duration.ofMillis(100), Duration.ofHours(1));
            Setting.CHECK.between("breaker.probes", probes, 1, 100);
        }
    }

    /** Checks that values of {@code sluice.fetch.*} alone need. */
    static final class Setting {
        static final SettingCheck CHECK = new SettingCheck("sluice.fetch.");

        private static final Pattern UNBROKEN = Pattern.compile("[\\x21-\\x7e&&[^()<>]]+");

        private Setting() {}

        /**
         * {@code parser} says in its own message what it expected of {@code value}. It is not kept as a cause: what a
         * failed start shows is the innermost message, and that would be the one without the name.
         */
        @SuppressWarnings("UnusedException")
        static void parses(String name, String value, Consumer<String> parser) {
            try {
                parser.accept(value);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(CHECK.prefix() + name + ": " + e.getMessage());
            }
        }

        static void header(String name, String value) {
            if (!value.chars().allMatch(c -> c >= 0x20 && c < 0x7f)) {
                throw CHECK.bad(name, value, "printable ASCII");
            }
        }

        /** What may stand in a header for people to follow, or nothing. */
        static void link(String name, String value) {
            if (!value.isEmpty()
                    && (HttpUrl.parse(value) == null || !UNBROKEN.matcher(value).matches())) {
                throw CHECK.bad(name, value, "an http or https URL without blanks and brackets");
            }
        }

        /** Reads {@code address:port} or {@code [address]:port}; names are not resolved here, so they are not taken. */
        static InetSocketAddress endpoint(String text) {
            int colon = text.lastIndexOf(':');
            String host = colon < 0 ? text : text.substring(0, colon);
            boolean bracketed = host.startsWith("[") && host.endsWith("]");
            InetAddress address = CidrBlock.literal(bracketed ? host.substring(1, host.length() - 1) : host);
            String port = text.substring(colon + 1);
            if (colon < 0 || address == null || !port.matches("[1-9]\\d{0,4}") || Integer.parseInt(port) > 65_535) {
                throw new IllegalArgumentException(text + " (expected: an address and port such as 192.0.2.53:53)");
            }
            return new InetSocketAddress(address, Integer.parseInt(port));
        }
    }
}
