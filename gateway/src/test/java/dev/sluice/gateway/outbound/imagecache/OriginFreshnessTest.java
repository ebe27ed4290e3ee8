package dev.sluice.gateway.outbound.imagecache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.imagecache.disk.CachedMeta;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.http.HttpHeaders;

class OriginFreshnessTest {
    private static final Instant RECEIVED = Instant.parse("2026-11-21T12:00:00Z");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "public, max-age=60 | true",
                "no-cache | true",
                "max-age=0, must-revalidate | true",
                "private=\"set-cookie\" | true",
                "no-stores | true",
                "no-store | false",
                "NO-STORE | false",
                "max-age=60 ,  no-store | false",
                "private | false",
                "private,max-age=60 | false",
                "private=\"a, b\", max-age=60 | true",
                "foo=\"no-store\" | true"
            })
    void onlyWhatIsSecretOrOnePersonsIsNotKept(String cacheControl, boolean kept) {
        HttpHeaders headers = new HttpHeaders();
        headers.add("Cache-Control", cacheControl);

        assertThat(OriginFreshness.mayBeStored(headers)).isEqualTo(kept);
    }

    @Test
    void everyLineOfTheFieldCounts() {
        HttpHeaders headers = new HttpHeaders();
        headers.add("Cache-Control", "max-age=60");
        headers.add("Cache-Control", "no-store");

        assertThat(OriginFreshness.mayBeStored(headers)).isFalse();
        assertThat(OriginFreshness.mayBeStored(new HttpHeaders())).isTrue();
    }

    @Test
    void whatIsSaidToSharedCachesAloneForbidsToo() {
        HttpHeaders headers = new HttpHeaders();
        headers.add("Cache-Control", "public, max-age=60");
        headers.add("CDN-Cache-Control", "no-store");

        assertThat(OriginFreshness.mayBeStored(headers)).isFalse();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "left to us", textBlock = """
                public, max-age=60                       |          | left to us
                max-age=0                                |          | left to us
                s-maxage=60                              |          | left to us
                no-cache="set-cookie, x"                 |          | left to us
                no-caches                                |          | left to us
                no-cache                                 |          | 0
                max-age=60,NO-CACHE                      |          | 0
                no-store                                 |          | 0
                must-revalidate                          |          | 0
                must-revalidate, max-age=60              |          | 60
                max-age="60" , Must-Revalidate           |          | 60
                proxy-revalidate, max-age=60             |          | 60
                must-revalidate, max-age=60, s-maxage=30 |          | 30
                must-revalidate, max-age=60, max-age=20  |          | 20
                must-revalidate, max-age=soon            |          | 0
                must-revalidate, max-age=60              | Age: 15  | 45
                must-revalidate, max-age=60              | Age: 90  | 0
                must-revalidate                          | Expires: Sat, 21 Nov 2026 12:01:40 GMT | 100
                must-revalidate                          | Expires: 0 | 0
                must-revalidate, max-age=60              | Expires: Sat, 21 Nov 2026 12:01:40 GMT | 60
                public                                   | Vary: *  | 0
                public                                   | Vary: Accept, * | 0
                public                                   | Vary: Accept | left to us
                public                                   | CDN-Cache-Control: no-cache | 0
                must-revalidate, max-age=60              | CDN-Cache-Control: max-age=10 | 10
                """)
    void whatForbidsShowingItUnaskedIsObeyedAndOnlyThat(
            String cacheControl, @Nullable String other, @Nullable Long seconds) {
        HttpHeaders headers = new HttpHeaders();
        headers.add("Cache-Control", cacheControl);
        if (other != null) {
            headers.add(other.substring(0, other.indexOf(':')), other.substring(other.indexOf(' ') + 1));
        }

        assertThat(OriginFreshness.freshFor(headers, RECEIVED))
                .isEqualTo(seconds == null ? null : Duration.ofSeconds(seconds));
    }

    /** RFC 9111 section 4.3.4. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                # stored              | of the 304                                     | is about it
                "v1" |                |                |                               |      | true
                "v1" |                | "v1"           |                               |      | true
                "v1" |                | "v2"           |                               |      | false
                "v1" |                | W/"v1"         |                               |      | true
                "v1" |                | W/"v2"         |                               |      | false
                W/"1"|                | W/"1"          |                               |      | true
                W/"1"|                | "1"            |                               |      | false
                "v1" |                |                |                               | 1000 | true
                "v1" |                | "v1"           |                               | 17   | false
                     |                | "v2"           |                               |      | true
                     | Sat, 21 Nov 2026 11:59:00 GMT |  | Sat, 21 Nov 2026 11:59:00 GMT |      | true
                     | Sat, 21 Nov 2026 11:59:00 GMT |  | Saturday, 21-Nov-26 11:59:00 GMT |   | true
                     | Sat, 21 Nov 2026 11:59:00 GMT |  | Sat, 21 Nov 2026 11:58:00 GMT |      | false
                     | yesterday      |                | today                         |      | false
                     | Sat, 21 Nov 2026 11:59:00 GMT |  |                               |      | true
                "v1" | Sat, 21 Nov 2026 11:59:00 GMT | "v1" | Sun, 22 Nov 2026 11:59:00 GMT |  | true
                "v1" | Sat, 21 Nov 2026 11:59:00 GMT |      | Sun, 22 Nov 2026 11:59:00 GMT |  | false
                """, quoteCharacter = '\'')
    void notModifiedIsAboutWhatItDoesNotDifferFrom(
            @Nullable String storedEtag,
            @Nullable String storedTime,
            @Nullable String etag,
            @Nullable String time,
            @Nullable Long length,
            boolean isAbout) {
        CachedMeta stored = new CachedMeta(
                "https://e.com/a.png", "image/png", "\"e\"", 1000, RECEIVED, null, storedEtag, storedTime);
        HttpHeaders headers = new HttpHeaders();
        if (etag != null) {
            headers.set("ETag", etag);
        }
        if (time != null) {
            headers.set("Last-Modified", time);
        }
        if (length != null) {
            headers.setContentLength(length);
        }

        assertThat(OriginFreshness.isAbout(stored, headers)).isEqualTo(isAbout);
    }

    /** One such field took ten seconds of an event loop when blanks were looked at once for each of them. */
    @Test
    @Timeout(20)
    void blanksOfAFieldAreReadOnce() {
        HttpHeaders headers = new HttpHeaders();
        for (int line = 0; line < 100; line++) {
            headers.add("Vary", "a" + " ".repeat(31_000) + "b");
            headers.add("Cache-Control", "a" + " ".repeat(31_000) + "b");
        }

        assertThat(OriginFreshness.freshFor(headers, RECEIVED)).isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "| | 0",
                "100 | | 100",
                "0 | | 0",
                "-5 | | 0",
                "1.5 | | 0",
                "9999999999999 | | 0",
                "nonsense | | 0",
                "| Sat, 21 Nov 2026 11:59:00 GMT | 60",
                "100 | Sat, 21 Nov 2026 11:59:00 GMT | 100",
                "10 | Sat, 21 Nov 2026 11:59:00 GMT | 60",
                "| Sat, 21 Nov 2026 12:05:00 GMT | 0",
                "7 | Sat, 21 Nov 2026 12:05:00 GMT | 7",
                "| Saturday, 21-Nov-26 11:59:00 GMT | 60",
                "| Sat Nov 21 11:59:00 2026 | 60",
                "7 | yesterday | 7"
            })
    void ageIsWhatTheOriginsCachesSayOrWhatItsDateSays(@Nullable String age, @Nullable String date, long seconds) {
        HttpHeaders headers = new HttpHeaders();
        if (age != null) {
            headers.add("Age", age);
        }
        if (date != null) {
            headers.add("Date", date);
        }

        assertThat(OriginFreshness.ageOf(headers, RECEIVED)).isEqualTo(Duration.ofSeconds(seconds));
    }
}
