package dev.sluice.gateway.inbound.telemetry;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * {@code sluice.tracing.*}. Where traces go is a setting of Spring Boot's.
 *
 * @param joinTrustedProxies whether a {@code traceparent} of a trusted proxy is continued, and recorded if it says so;
 *     only for proxies that write it themselves and drop those of their clients
 */
@ConfigurationProperties("sluice.tracing")
record TracingProperties(@DefaultValue("false") boolean joinTrustedProxies) {}
