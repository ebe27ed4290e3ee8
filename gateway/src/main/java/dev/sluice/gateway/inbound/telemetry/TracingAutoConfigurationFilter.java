package dev.sluice.gateway.inbound.telemetry;

import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.AutoConfigurationImportFilter;
import org.springframework.boot.autoconfigure.AutoConfigurationMetadata;
import org.springframework.context.EnvironmentAware;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.env.Environment;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.type.AnnotatedTypeMetadata;
import org.springframework.util.StringUtils;

/**
 * Leaves out what Spring Boot configures for OpenTelemetry while nobody has said where traces go: by itself it has a
 * tracer, and a thread that exports to nowhere. With an endpoint, three of its configurations are taken, the SDK, the
 * tracer and the exporter; never the bridge from its observations, which are off here, nor logs.
 */
public final class TracingAutoConfigurationFilter
        implements AutoConfigurationImportFilter, EnvironmentAware, Condition {
    private static final String ENDPOINT = "management.opentelemetry.tracing.export.otlp.endpoint";
    private static final Set<String> SWITCHES = Set.of(
            "management.opentelemetry.enabled",
            "management.tracing.export.enabled",
            "management.tracing.export.otlp.enabled");
    private static final Set<String> TAKEN = Set.of(
            "org.springframework.boot.opentelemetry.autoconfigure.OpenTelemetrySdkAutoConfiguration",
            "org.springframework.boot.micrometer.tracing.opentelemetry.autoconfigure.OpenTelemetryTracingAutoConfiguration",
            "org.springframework.boot.micrometer.tracing.opentelemetry.autoconfigure.otlp.OtlpTracingAutoConfiguration");

    private Environment environment = new StandardEnvironment();

    @Override
    public void setEnvironment(Environment environment) {
        this.environment = environment;
    }

    @Override
    public boolean[] match(@Nullable String[] names, AutoConfigurationMetadata metadata) {
        boolean on = isOn(environment);
        boolean[] matches = new boolean[names.length];
        for (int index = 0; index < names.length; index++) {
            String name = names[index];
            matches[index] = name == null || !isOfTracing(name) || (on && TAKEN.contains(name));
        }
        return matches;
    }

    @Override
    public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
        return isOn(context.getEnvironment());
    }

    /** It is asked about classes that these import too. */
    private static boolean isOfTracing(String name) {
        return name.endsWith("AutoConfiguration")
                && (name.startsWith("org.springframework.boot.opentelemetry.")
                        || name.startsWith("org.springframework.boot.micrometer.tracing."));
    }

    private static boolean isOn(Environment environment) {
        return StringUtils.hasText(environment.getProperty(ENDPOINT))
                && SWITCHES.stream().allMatch(name -> environment.getProperty(name, Boolean.class, true));
    }
}
