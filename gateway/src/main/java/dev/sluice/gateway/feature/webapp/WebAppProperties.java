package dev.sluice.gateway.feature.webapp;

import java.util.List;
import java.util.regex.Pattern;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What the web app may do beside talking to its own gateway.
 *
 * @param enabled whether it is served
 * @param connectTo origins that its scripts may send requests to, beside the gateway's own: a bucket's, where files are
 *     uploaded straight to it
 */
@ConfigurationProperties("sluice.web-app")
record WebAppProperties(
        @DefaultValue("true") boolean enabled, @DefaultValue List<String> connectTo) {

    /** Nothing that could end the directive it stands in. */
    private static final Pattern ORIGIN = Pattern.compile("https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?");

    WebAppProperties {
        connectTo = connectTo.stream().filter(origin -> !origin.isBlank()).toList();
        for (String origin : connectTo) {
            if (!ORIGIN.matcher(origin).matches()) {
                throw new IllegalArgumentException("sluice.web-app.connect-to: " + origin
                        + " (expected: origins such as https://bucket.s3.eu-central-1.amazonaws.com)");
            }
        }
    }
}
