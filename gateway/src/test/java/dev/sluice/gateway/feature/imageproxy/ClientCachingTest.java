package dev.sluice.gateway.feature.imageproxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.imagecache.disk.CachedMeta;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClientCachingTest {
    private final ClientCaching caching = new ClientCaching(Duration.ofSeconds(100), Duration.ofSeconds(900));

    /** Seconds that an origin gives, if it binds us, and seconds until the signature's end, if there is one. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "- | -    | private, max-age=100, stale-while-revalidate=900",
                "- | 5000 | public, max-age=100, stale-while-revalidate=900",
                "- | 1000 | public, max-age=100, stale-while-revalidate=900",
                "- | 999  | public, max-age=100, stale-while-revalidate=899",
                "- | 101  | public, max-age=100, stale-while-revalidate=1",
                "- | 100  | public, max-age=100, must-revalidate",
                "- | 1    | public, max-age=1, must-revalidate",
                "60  | -    | private, max-age=60, must-revalidate",
                "600 | -    | private, max-age=100, must-revalidate",
                "60  | 5000 | public, max-age=60, must-revalidate",
                "60  | 59   | public, max-age=59, must-revalidate",
                "0   | -    | private, no-cache",
                "0   | 5000 | public, no-cache",
            })
    void nothingIsUsedLongerThanItsOriginOrItsSignatureLets(
            @Nullable Long freshFor, @Nullable Long left, String expected) {
        assertThat(caching.of(meta(seconds(freshFor)), seconds(left))).isEqualTo(expected);
        assertThat(caching.of(meta(seconds(freshFor)).notStored(), seconds(left)))
                .isEqualTo("no-store");
    }

    private static @Nullable Duration seconds(@Nullable Long given) {
        return given == null ? null : Duration.ofSeconds(given);
    }

    private static CachedMeta meta(@Nullable Duration freshFor) {
        return new CachedMeta("https://e.com/a.png", "image/png", "\"e\"", 1, Instant.EPOCH, freshFor, null, null);
    }
}
