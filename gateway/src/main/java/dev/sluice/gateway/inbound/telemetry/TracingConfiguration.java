package dev.sluice.gateway.inbound.telemetry;

import dev.sluice.gateway.inbound.identity.TrustedProxies;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.micrometer.tracing.opentelemetry.autoconfigure.SpanExporters;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;

/** Traces of requests, where an endpoint says who collects them. Without one there is nothing of this. */
@Configuration(proxyBeanMethods = false)
@Conditional(TracingAutoConfigurationFilter.class)
@EnableConfigurationProperties(TracingProperties.class)
public class TracingConfiguration {
    private static final String SCOPE = "dev.sluice.gateway";

    @Bean
    RequestTraces requestTraces(OpenTelemetry telemetry, TrustedProxies proxies, TracingProperties properties) {
        return new RequestTraces(
                telemetry.getTracer(SCOPE), peer -> properties.joinTrustedProxies() && proxies.trust(peer));
    }

    /** In place of Spring Boot's own, which lets each failure be logged. */
    @Bean
    SpanExporters reportingExporters(ObjectProvider<SpanExporter> exporters) {
        return SpanExporters.of(
                exporters.orderedStream().map(ReportingExporter::new).toList());
    }
}
