package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.feature.gallery.GalleryProperties.GenerationBounds;
import dev.sluice.gateway.outbound.http.ApiKey;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.util.unit.DataSize;

class GalleryPropertiesTest {
    private static GalleryProperties bind(Map<String, String> settings) {
        var source = new MapConfigurationPropertySource();
        settings.forEach((key, value) -> source.put("sluice.gallery." + key, value));
        return new Binder(source).bindOrCreate("sluice.gallery", GalleryProperties.class);
    }

    private static Caller caller(Set<String> roles, Set<String> projects) {
        return new Caller(Caller.Kind.USER, "alice", roles, projects, "192.0.2.1");
    }

    @Test
    void defaultsAreThoseOfTheReadme() {
        GalleryProperties properties = bind(Map.of());

        assertThat(properties)
                .isEqualTo(new GalleryProperties(
                        DataSize.ofMegabytes(20),
                        Duration.ofSeconds(30),
                        Duration.ofMinutes(3),
                        Duration.ofDays(1),
                        Duration.ofHours(1),
                        100,
                        properties.generation(),
                        Map.of()));
        GenerationBounds generation = properties.generation();
        assertThat(generation.provider()).isNull();
        assertThat(generation.apiToken().isSet()).isFalse();
        assertThat(generation.baseUrl()).isEqualTo("https://api.replicate.com");
        assertThat(generation.domains()).containsExactly("replicate.delivery", "cdn.replicate.com");
        assertThat(generation.deadline()).isEqualTo(Duration.ofMinutes(2));
        assertThat(generation.workers()).isEqualTo(4);
        assertThat(generation.lease()).isEqualTo(Duration.ofSeconds(30));
        assertThat(generation.poll()).isEqualTo(Duration.ofSeconds(2));
        assertThat(generation.retryPause()).isEqualTo(Duration.ofSeconds(1));
        assertThat(generation.forbiddenTerms()).isEmpty();
    }

    @Test
    void everyKeyIsRead() {
        GalleryProperties properties = bind(Map.ofEntries(
                Map.entry("max-image-size", "2MB"),
                Map.entry("import-timeout", "4s"),
                Map.entry("store-timeout", "6s"),
                Map.entry("reconcile-period", "7h"),
                Map.entry("reconcile-grace", "8h"),
                Map.entry("reconcile-most", "9"),
                Map.entry("generation.provider", "sketch"),
                Map.entry("generation.api-token", "r8_secret"),
                Map.entry("generation.base-url", "http://localhost:1/"),
                Map.entry("generation.model", "owner/name:abc"),
                Map.entry("generation.domains", "a.example,b.example"),
                Map.entry("generation.deadline", "10s"),
                Map.entry("generation.workers", "11"),
                Map.entry("generation.lease", "12s"),
                Map.entry("generation.poll", "13s"),
                Map.entry("generation.retry-pause", "14s"),
                Map.entry("generation.forbidden-terms", "one,two words"),
                Map.entry("wordpress.blog.url", "https://blog.example/"),
                Map.entry("wordpress.blog.user", "editor"),
                Map.entry("wordpress.blog.application-password", "aaaa bbbb"),
                Map.entry("wordpress.blog.roles", "editor,author"),
                Map.entry("wordpress.blog.projects", "press")));

        ApiKey token = properties.generation().apiToken();
        GalleryProperties.Site blog =
                Objects.requireNonNull(properties.wordpress().get("blog"));
        assertThat(token.isSet()).isTrue();
        assertThat(blog.url()).isEqualTo("https://blog.example");
        assertThat(blog.user()).isEqualTo("editor");
        assertThat(blog.applicationPassword().isSet()).isTrue();
        assertThat(blog.admits(caller(Set.of("author"), Set.of()))).isTrue();
        assertThat(blog.admits(caller(Set.of("user"), Set.of("press")))).isTrue();
        assertThat(blog.admits(caller(Set.of("admin"), Set.of()))).isTrue();
        assertThat(blog.admits(caller(Set.of("user"), Set.of("other")))).isFalse();
        assertThat(properties)
                .isEqualTo(new GalleryProperties(
                        DataSize.ofMegabytes(2),
                        Duration.ofSeconds(4),
                        Duration.ofSeconds(6),
                        Duration.ofHours(7),
                        Duration.ofHours(8),
                        9,
                        new GenerationBounds(
                                GalleryProperties.Provider.SKETCH,
                                token,
                                "http://localhost:1",
                                "owner/name:abc",
                                List.of("a.example", "b.example"),
                                Duration.ofSeconds(10),
                                11,
                                Duration.ofSeconds(12),
                                Duration.ofSeconds(13),
                                Duration.ofSeconds(14),
                                List.of("one", "two words")),
                        Map.of("blog", blog)));
        assertThat(properties.toString()).doesNotContain("r8_secret").doesNotContain("bbbb");
    }

    @ParameterizedTest
    @CsvSource({
        "max-image-size, 1B",
        "import-timeout, 1ms",
        "store-timeout, 1ms",
        "reconcile-period, 1ms",
        "reconcile-grace, 1ms",
        "reconcile-most, 0",
        "generation.base-url, ftp://a.example",
        "generation.model, nonsense",
        "generation.deadline, 1ms",
        "generation.workers, 0",
        "generation.lease, 1ms",
        "generation.poll, 1ms",
    })
    void badValueIsNamed(String key, String value) {
        assertThatThrownBy(() -> bind(Map.of(key, value)))
                .rootCause()
                .hasMessageStartingWith("sluice.gallery." + key + ": ")
                .hasMessageContaining("(expected: ");
    }
}
