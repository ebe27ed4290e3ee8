package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.contract.HttpDate;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.springframework.http.HttpHeaders;

/** What an origin's answer says about keeping it. */
final class OriginFreshness {
    private static final Set<String> KEEPS_OUT = Set.of("no-store", "private");
    private static final Pattern SECONDS = Pattern.compile("[0-9]{1,9}");

    private OriginFreshness() {}

    /** Whether a cache that many share may keep the answer, RFC 9111 sections 5.2.2.5 and 5.2.2.7. */
    static boolean mayBeKept(HttpHeaders headers) {
        for (String line : headers.getOrEmpty(HttpHeaders.CACHE_CONTROL)) {
            for (String directive : line.split(",", -1)) {
                if (KEEPS_OUT.contains(directive.strip().toLowerCase(Locale.ROOT))) {
                    return false;
                }
            }
        }
        return true;
    }

    /**
     * How old an answer was when it arrived, RFC 9111 section 4.2.3: what the caches before it say, or what its date
     * says, whichever is more. What cannot be read counts as new.
     */
    static Duration ageOf(HttpHeaders headers, Instant received) {
        String said = headers.getFirst(HttpHeaders.AGE);
        Duration age = said != null && SECONDS.matcher(said).matches()
                ? Duration.ofSeconds(Long.parseLong(said))
                : Duration.ZERO;
        Instant date = HttpDate.parse(headers.getFirst(HttpHeaders.DATE), received);
        Duration apparent = date == null ? Duration.ZERO : Duration.between(date, received);
        return apparent.compareTo(age) > 0 ? apparent : age;
    }
}
