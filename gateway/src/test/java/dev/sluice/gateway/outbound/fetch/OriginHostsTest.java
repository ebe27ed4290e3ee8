package dev.sluice.gateway.outbound.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.fetch.OriginHosts.OriginHost;
import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class OriginHostsTest {
    private final OriginHosts hosts = new OriginHosts(
            new Binder(new MapConfigurationPropertySource(Map.of()))
                    .bindOrCreate("sluice.fetch", FetchProperties.class),
            evicted -> {});

    @Test
    void originThatRestsIsProbedByThoseWhomItHasNotFailed() {
        OriginHost host = hosts.enter(new Target(URI.create("https://e.com/a.png"), "e.com", 443));
        host.recordFailure("mallory");
        assertThat(host.failedRecently("mallory")).isFalse();

        host.breaker().transitionToOpenState();
        host.breaker().transitionToHalfOpenState();
        assertThat(host.failedRecently("mallory")).isTrue();
        assertThat(host.failedRecently("alice")).isFalse();

        host.breaker().transitionToClosedState();
        assertThat(host.failedRecently("mallory")).isFalse();
    }
}
