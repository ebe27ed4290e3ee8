package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.contract.http.HttpUrl;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Which pages' scripts may call.
 *
 * @param allowed origins such as {@code https://app.example}, beside the gateway's own; no patterns
 */
@ConfigurationProperties("sluice.origins")
public record CorsProperties(@DefaultValue List<String> allowed) {

    /** Checks that each is an origin and nothing more. */
    public CorsProperties {
        allowed = List.copyOf(allowed);
        allowed.forEach(CorsProperties::check);
    }

    private static void check(String origin) {
        if (!HttpUrl.isOrigin(origin)) {
            throw new IllegalArgumentException(message(origin));
        }
    }

    private static String message(String origin) {
        return "sluice.origins.allowed: " + origin + " (expected: scheme, host and port alone, for example"
                + " https://app.example)";
    }
}
