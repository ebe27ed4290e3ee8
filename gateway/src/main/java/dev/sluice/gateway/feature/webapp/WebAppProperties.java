package dev.sluice.gateway.feature.webapp;

import dev.sluice.gateway.contract.http.HttpUrl;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What the web app may do beside talking to its own gateway.
 *
 * @param enabled whether the web app and the page at {@code /docs} are served
 * @param connectTo origins that its scripts may send requests to, beside the gateway's own: a bucket's, where files are
 *     uploaded straight to it
 */
@ConfigurationProperties("sluice.web-app")
record WebAppProperties(
        @DefaultValue("true") boolean enabled, @DefaultValue List<String> connectTo) {

    WebAppProperties {
        connectTo = connectTo.stream().filter(origin -> !origin.isBlank()).toList();
        for (String origin : connectTo) {
            // Nothing that could end the directive it stands in.
            if (!HttpUrl.isOrigin(origin)) {
                throw new IllegalArgumentException("sluice.web-app.connect-to: " + origin
                        + " (expected: origins such as https://bucket.s3.eu-central-1.amazonaws.com)");
            }
        }
    }
}
