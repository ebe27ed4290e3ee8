package dev.sluice.limits.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.limits.CalendarQuota;
import dev.sluice.limits.Decision;
import dev.sluice.limits.FallbackMode;
import dev.sluice.limits.LimitStatus;
import dev.sluice.limits.Limiter;
import dev.sluice.limits.LimiterContract;
import dev.sluice.limits.Mode;
import dev.sluice.limits.Policy;
import dev.sluice.limits.Scope;
import dev.sluice.limits.TestClock;
import dev.sluice.limits.TokenBucket;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;

class RedisLimiterTest extends LimiterContract {
    private static SharedRedis server;
    private final TestClock clock = new TestClock("2026-06-01T12:00:00Z");
    RedisFixture fixture;
    private RedisLimiter limiter;

    @BeforeAll
    static void start() {
        server = new SharedRedis();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    RedisLimiterSettings settings() {
        return RedisFixture.PATIENT;
    }

    /** How much of three attempts the address counts, of which a later limit refuses two. */
    long countedOfThree() {
        return 3;
    }

    /** What the key of an address's bucket goes on with, as a pattern. */
    String addressKeys() {
        return "wall:ip:*";
    }

    @Test
    void refusalByALaterLimitLeavesTheAddressCountedAsTheSettingSays() {
        TokenBucket address = TokenBucket.of("ip", Scope.ADDRESS, 5, Duration.ofMinutes(1));
        CalendarQuota quota = CalendarQuota.of("daily", Scope.SUBJECT, 1, ZoneOffset.UTC);
        assertThat(admitted(ALICE, quota, address).statuses())
                .extracting(LimitStatus::limit)
                .containsExactly("daily", "ip");

        for (int i = 0; i < 2; i++) {
            assertThat(refused(ALICE, quota, address).statuses())
                    .extracting(LimitStatus::limit)
                    .containsExactly("daily", "ip");
        }

        assertThat(limiter.inspect(List.of(quota, address), ALICE).block(Duration.ofSeconds(20)))
                .extracting(LimitStatus::remaining)
                .containsExactly(0L, 5 - countedOfThree());
        assertThat(fixture.redis().keys(fixture.of(ALICE.address()) + addressKeys()))
                .hasSize(1);
    }

    @Test
    void addressGainsNothingWhenTheClockIsSetBack() {
        TokenBucket address =
                TokenBucket.of("ip", Scope.ADDRESS, 60, Duration.ofMinutes(1)).withBurst(1);
        setTime("2026-06-01T12:00:00Z");
        admitted(ALICE, address);

        setTime("2026-06-01T11:00:00Z");
        assertThat(refused(ALICE, address).first().retryAfter()).isEqualTo(Duration.ofSeconds(1));
        setTime("2026-06-01T12:00:01Z");
        admitted(ALICE, address);
        refused(ALICE, address);
    }

    @Test
    void processesNeverAdmitMoreOfOneAddressTogether() {
        Policy policy = new Policy(
                "test",
                List.of(TokenBucket.of("ip", Scope.ADDRESS, 60, Duration.ofMinutes(1))
                        .withBurst(50)));
        List<Limiter> processes =
                List.of(limiter, RedisFixture.connected(fixture.timedLimiter(settings(), clock, events)));

        List<Decision> decisions = Flux.range(0, 200)
                .flatMap(
                        i -> processes.get(i % 2).admit(policy, ALICE, "p-" + i).subscribeOn(Schedulers.parallel()), 32)
                .collectList()
                .block(Duration.ofSeconds(30));

        assertThat(decisions)
                .hasSize(200)
                .filteredOn(Decision.Admitted.class::isInstance)
                .hasSize(50);
        assertThat(events.local).hasValue(0);
    }

    @Test
    void addressOfShadowModeIsDecidedByTheScript() {
        TokenBucket shadow = new TokenBucket(
                "ip", Scope.ADDRESS, 5, Duration.ofMinutes(1), 1, Mode.SHADOW, FallbackMode.COUNT_LOCALLY);
        admitted(ALICE, shadow);

        admitted(ALICE, shadow);
        assertThat(events.wouldHaveRefused).containsExactly("ip");
        assertThat(fixture.counters("rate:ip"))
                .containsOnlyKeys(fixture.of(ALICE.address()) + "address:" + ALICE.address() + " rate:ip");
        assertThat(fixture.keys("wall")).isEmpty();
    }

    @BeforeEach
    void connect() {
        fixture = fixtureOf();
        fixture.setTime(clock.instant());
        limiter = RedisFixture.connected(fixture.timedLimiter(settings(), clock, events));
    }

    RedisFixture fixtureOf() {
        return new RedisFixture(server.uri());
    }

    @AfterEach
    void disconnect() {
        fixture.close();
    }

    @Override
    protected Limiter limiter() {
        return limiter;
    }

    @Override
    protected void setTime(String instant) {
        clock.set(Instant.parse(instant));
        fixture.setTime(clock.instant());
    }

    @Override
    protected void advance(Duration by) {
        clock.advance(by);
        fixture.setTime(clock.instant());
    }
}
