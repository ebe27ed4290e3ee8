package dev.sluice.gateway.inbound.admission;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.limits.FallbackMode;
import dev.sluice.limits.Scope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.ClassPathResource;
import org.springframework.util.unit.DataSize;

/** The table of {@code docs/limits.md} is made of {@code application.yml}. */
class LimitsReferenceTest {
    private static final Path REFERENCE = Path.of("..", "docs", "limits.md");
    private static final Path MADE = Path.of("target", "limits.md");

    @Test
    void everyLimitIsListedWithItsDefaults() throws IOException {
        String table = table();
        Files.writeString(MADE, table);

        assertThat(REFERENCE)
                .content()
                .as("stale: put gateway/target/limits.md under \"All limits\"")
                .contains("\n## All limits\n\n" + table + "\n");
    }

    private static String table() throws IOException {
        Binder binder = binder();
        Map<String, LimitsProperties.Definition> limits = binder.bind(
                        "sluice.limits.definitions", Bindable.mapOf(String.class, LimitsProperties.Definition.class))
                .get();
        Map<String, LimitsProperties.PolicyOfRoutes> policies = binder.bind(
                        "sluice.limits.policies", Bindable.mapOf(String.class, LimitsProperties.PolicyOfRoutes.class))
                .get();
        StringBuilder table = new StringBuilder(
                "| limit | counts | of | at most | while Redis is away | policies |\n| --- | --- | --- | --- | --- | --- |\n");
        limits.forEach((name, limit) -> {
            List<String> guarding = policies.entrySet().stream()
                    .filter(policy -> policy.getValue().limits().contains(name))
                    .map(policy -> "`" + policy.getKey() + "`")
                    .toList();
            assertThat(guarding).as(name + " guards something").isNotEmpty();
            table.append("| `%s` | %s | %s | %s | %s | %s |\n"
                    .formatted(
                            name,
                            limit.unit() == null ? "requests" : limit.unit(),
                            who(limit),
                            most(limit),
                            limit.limit(name).fallback() == FallbackMode.REFUSE ? "refuses" : "counts here",
                            String.join(", ", guarding)));
        });
        return table.toString();
    }

    private static Binder binder() throws IOException {
        StandardEnvironment environment = new StandardEnvironment();
        new YamlPropertySourceLoader()
                .load("application", new ClassPathResource("application.yml"))
                .forEach(environment.getPropertySources()::addLast);
        return Binder.get(environment);
    }

    private static String who(LimitsProperties.Definition limit) {
        if (limit.per() == Scope.GLOBAL) {
            return "all together";
        }
        return (limit.per() == Scope.ADDRESS ? "an address" : "a caller")
                + (limit.anonymous() ? ", without a token" : "");
    }

    private static String most(LimitsProperties.Definition limit) {
        String units = words(limit.units());
        List<String> parts = new ArrayList<>();
        switch (limit.kind()) {
            case RATE -> {
                parts.add(units + " in " + words(limit.period()));
                DataSize burst = limit.burst();
                parts.add(words(burst == null ? limit.units() : burst) + " at once");
            }
            case QUOTA -> parts.add(units + " a day (" + limit.zone() + ")");
            case SLOTS -> parts.add(units + " at once");
            case BUDGET -> parts.add(units + " in " + words(limit.period()));
            default -> throw new IllegalArgumentException(limit.kind().name());
        }
        if (limit.kind() == LimitsProperties.Kind.BUDGET && limit.reserve().toBytes() > 1) {
            parts.add(words(limit.reserve()) + " reserved");
        }
        if (limit.shadow()) {
            parts.add("refuses nothing");
        }
        return String.join(", ", parts);
    }

    private static String words(DataSize size) {
        if (size.toGigabytes() > 0 && DataSize.ofGigabytes(size.toGigabytes()).equals(size)) {
            return size.toGigabytes() + " GB";
        }
        return size.toMegabytes() > 0
                        && DataSize.ofMegabytes(size.toMegabytes()).equals(size)
                ? size.toMegabytes() + " MB"
                : String.format(Locale.ROOT, "%,d", size.toBytes());
    }

    private static String words(Duration period) {
        return period.equals(Duration.ofHours(1)) ? "1 h" : period.toSeconds() + " s";
    }
}
