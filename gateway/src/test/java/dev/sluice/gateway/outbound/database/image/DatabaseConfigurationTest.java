package dev.sluice.gateway.outbound.database.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.outbound.database.DatabaseConfiguration;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.core.env.MapPropertySource;

class DatabaseConfigurationTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    @TempDir
    Path directory;

    @Test
    void databaseIsReadyHealthyAndMetered() {
        try (var context = start(Map.of("sluice.database.directory", directory.resolve("new/db")))) {
            assertThat(context.getBean(GenerationJobs.class).count().block(TIMEOUT))
                    .isZero();
            assertThat(context.getBean("databaseHealthIndicator", ReactiveHealthIndicator.class)
                            .health()
                            .map(Health::getStatus)
                            .block(TIMEOUT))
                    .isEqualTo(Status.UP);

            MeterRegistry registry = new SimpleMeterRegistry();
            context.getBean(MeterBinder.class).bindTo(registry);
            assertThat(registry.get("r2dbc.pool.allocated").gauge().value()).isEqualTo(1);
            assertThat(registry.get("r2dbc.pool.acquired").gauge().value()).isZero();
            assertThat(registry.get("r2dbc.pool.max.allocated").gauge().value()).isEqualTo(10);
        }
    }

    @Test
    void databaseThatIsAwayStopsTheStartWithOneSentence() {
        assertThatThrownBy(() -> start(Map.of("sluice.database.url", "postgres://me:secret@127.0.0.1:1/db"))
                        .close())
                .hasStackTraceContaining("No database: PostgreSQL at 127.0.0.1:1/db cannot be opened")
                .satisfies(error -> {
                    for (Throwable each = error; each != null; each = each.getCause()) {
                        assertThat(String.valueOf(each.getMessage())).doesNotContain("secret");
                    }
                });
    }

    private static AnnotationConfigApplicationContext start(Map<String, Object> settings) {
        var context = new AnnotationConfigApplicationContext();
        context.getEnvironment().getPropertySources().addFirst(new MapPropertySource("test", settings));
        context.register(DatabaseConfiguration.class, ImageDatabaseConfiguration.class);
        context.refresh();
        return context;
    }
}
