package dev.sluice.gateway.feature.samples;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The sample origin.
 *
 * @param enabled whether it runs; never in {@code prod}
 * @param port on 127.0.0.1; another is taken when it is in use, or when it is 0
 */
@ConfigurationProperties("sluice.samples")
record SamplesProperties(
        @DefaultValue("true") boolean enabled,
        @DefaultValue("8081") int port) {

    SamplesProperties {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("sluice.samples.port: " + port + " (expected: 0 to 65535)");
        }
    }
}
