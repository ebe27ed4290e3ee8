package dev.sluice.limits.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.limits.Budget;
import dev.sluice.limits.CalendarQuota;
import dev.sluice.limits.ConcurrencyLimit;
import dev.sluice.limits.Limit;
import dev.sluice.limits.LimiterObserver;
import dev.sluice.limits.Policy;
import dev.sluice.limits.Scope;
import dev.sluice.limits.Subject;
import dev.sluice.limits.TestClock;
import dev.sluice.limits.TokenBucket;
import dev.sluice.limits.local.LocalLimiter;
import io.lettuce.core.cluster.SlotHash;
import java.time.Duration;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class KeysTest {

    @Test
    void nothingInANameAltersTheHashTagOrEndsAPart() {
        assertThat(Keys.encode("user:{a}\r\n%", false)).isEqualTo("user%3A%7Ba%7D%0D%0A%25");
        assertThat(Keys.encode("\ud83d", false)).isEqualTo("%uD83D");
        assertThat(Keys.encode("2001:db8::/64", true)).isEqualTo("2001:db8::/64");
    }

    @Test
    void keysAreThoseOfTheDocument() {
        Subject subject = new Subject("user:7", "2001:db8::/64");
        String address = Tags.of(subject.address());
        String user = Tags.of(subject.id());
        long noon = 1_780_315_200_000L;

        assertThat(key(TokenBucket.of("ip", Scope.ADDRESS, 1, Duration.ofSeconds(1)), subject, noon))
                .isEqualTo("sluice:{" + address + "}:address:2001:db8::/64 rate:ip");
        assertThat(Keys.addressBucket(
                        "sluice:",
                        TokenBucket.of("ip", Scope.ADDRESS, 30, Duration.ofMinutes(1))
                                .withBurst(5),
                        subject))
                .isEqualTo("sluice:{" + address + "}:wall:ip:30-60000-5:2001:db8::/64");
        assertThat(key(CalendarQuota.of("daily", Scope.SUBJECT, 1, ZoneId.of("Asia/Tokyo")), subject, noon))
                .isEqualTo("sluice:{" + user + "}:caller:user%3A7 quota:daily:2026-06-01");
        assertThat(key(ConcurrencyLimit.of("parallel", Scope.SUBJECT, 1, Duration.ofSeconds(1)), subject, noon))
                .isEqualTo("sluice:{" + user + "}:caller:user%3A7 lock:parallel");
        assertThat(key(Budget.of("units", Scope.GLOBAL, 1, Duration.ofHours(1), 1), subject, noon))
                .isEqualTo("sluice:{g-units}:budget:units:2026-06-01T12.00.00Z");
        assertThat(key(TokenBucket.of("busy", Scope.GLOBAL, 1, Duration.ofSeconds(1)), subject, noon))
                .isEqualTo("sluice:{g-busy}:all:busy rate:busy");
        assertThat(key(Budget.of("units", Scope.SUBJECT, 1, Duration.ofHours(1), 1), subject, noon))
                .isEqualTo("sluice:{" + user + "}:caller:user%3A7 budget:units:2026-06-01T12.00.00Z");
    }

    /** The key of the value in which a counter lies, and its name there. */
    private static String key(Limit limit, Subject subject, long now) {
        CompiledLimit scripted = new CompiledLimit(limit, 0, "sluice:");
        return scripted.isLeased()
                ? scripted.key(Objects.requireNonNull(scripted.windowAt(now)))
                : scripted.value(subject) + ' ' + scripted.counter(scripted.windowAt(now));
    }

    @Test
    void prefixWithAHashTagIsRefused() {
        for (String bad : new String[] {"{sluice}:", "{", "a b", ""}) {
            assertThatThrownBy(() -> RedisLimiterSettings.defaults().withKeyPrefix(bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("keyPrefix: " + bad);
        }
    }

    /** Also where masters share slots evenly, and for names that differ in a digit. */
    @Test
    void mastersShareTagsAndSubjectsEvenly() {
        for (int masters = 1; masters <= 12; masters++) {
            int[] tags = new int[masters];
            for (String tag : Tags.all()) {
                tags[SlotHash.getSlot(tag) * masters / SlotHash.SLOT_COUNT]++;
            }
            assertThat(Arrays.stream(tags).boxed())
                    .as("%s masters", masters)
                    .allSatisfy(count -> assertThat(count)
                            .isBetween(Tags.COUNT / tags.length, Math.ceilDiv(Tags.COUNT, tags.length)));
        }
        Map<String, Integer> subjects = new HashMap<>();
        for (int i = 0; i < 24_000; i++) {
            subjects.merge(Tags.of("user:" + i), 1, Integer::sum);
        }
        assertThat(subjects)
                .hasSize(Tags.COUNT)
                .allSatisfy((_, count) -> assertThat(count).isBetween(800, 1200));
    }

    @Test
    void bucketThatCannotBeCountedExactlyIsRefused() {
        assertThatThrownBy(() -> TokenBucket.of("odd", Scope.GLOBAL, 7, Duration.ofDays(1))
                        .withBurst(1_000_000_000))
                .hasMessage("odd.burst: 1000000000 (expected: 1 to 52124995)");
        assertThat(TokenBucket.of("most", Scope.GLOBAL, 1_000_000_000, Duration.ofDays(1))
                        .unitsPerToken())
                .isEqualTo(54);
    }

    @Test
    void requestIdOfAClientsMakingIsRefused() {
        LocalLimiter limiter = new LocalLimiter(new TestClock("2026-06-01T12:00:00Z"), LimiterObserver.NONE);
        Policy policy = new Policy("test", List.of());

        assertThatThrownBy(() -> limiter.admit(policy, new Subject("a", "b"), "a b"))
                .hasMessageStartingWith("requestId: a b (expected");
    }
}
