package dev.sluice.gateway.feature.samples;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The sample origin.
 *
 * @param enabled whether the sample origin runs; it never does in {@code prod}
 * @param port port on 127.0.0.1; another one is taken if it is in use, or if it is 0
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
