package dev.sluice.limits.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.limits.Await;
import dev.sluice.limits.CalendarQuota;
import dev.sluice.limits.Decision;
import dev.sluice.limits.Limit;
import dev.sluice.limits.Limiter;
import dev.sluice.limits.Policy;
import dev.sluice.limits.RecordedEvents;
import dev.sluice.limits.Scope;
import dev.sluice.limits.Subject;
import dev.sluice.limits.TokenBucket;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A master, a replica and a sentinel: who decides when the one takes the other's place. */
class RedisFailoverTest {
    private static final Duration GENEROUS = Duration.ofSeconds(20);
    private static final AtomicInteger IDS = new AtomicInteger();
    private static final Subject ALICE = new Subject("user:alice", "203.0.113.7");

    private final CalendarQuota quota = CalendarQuota.of("daily", Scope.SUBJECT, 1000, ZoneOffset.UTC);
    private final TokenBucket address = TokenBucket.of("ip", Scope.ADDRESS, 1000, Duration.ofDays(1));

    private final RecordedEvents events = new RecordedEvents();
    private final RedisProcess master = new RedisProcess();
    private final RedisProcess replica = new RedisProcess(List.of(
            "--replicaof",
            "127.0.0.1 " + master.port(),
            // It writes no file where the tests run.
            "--repl-diskless-load",
            "swapdb",
            "--repl-diskless-sync-delay",
            "0"));
    private final RedisSentinel sentinel = new RedisSentinel(master);
    private final RedisFixture fixture = new RedisFixture(sentinel.uri());
    // Longer than by default, so that a busy machine does not make another outage of the new master.
    private final RedisLimiter limiter = RedisFixture.connected(fixture.limiter(
            RedisLimiterSettings.defaults().withTimes(Duration.ofMillis(750), Duration.ofMillis(500)),
            Clock.systemUTC(),
            events));

    @AfterEach
    void end() {
        fixture.close();
        sentinel.close();
        replica.close();
        master.close();
    }

    private static boolean isAdmitted(Limiter limiter, Limit... limits) {
        return limiter.admit(new Policy("test", List.of(limits)), ALICE, "o-" + IDS.incrementAndGet())
                        .block(GENEROUS)
                instanceof Decision.Admitted;
    }

    private long counted() {
        return fixture.counters("quota:").values().stream()
                .mapToLong(StoredValue.Counter::amount)
                .sum();
    }

    /** Its kernel still acknowledges what is sent to it, so that no time-out of the system ends a connection. */
    @Test
    void masterThatStandsStillIsLeftForThePromotedReplica() {
        Await.until("Redis decides", () -> isAdmitted(limiter, address, quota));

        master.stop();
        assertThat(isAdmitted(limiter, quota)).isFalse();
        sentinel.awaitMaster(replica);

        Await.until("the new master decides", () -> isAdmitted(limiter, quota));
        Await.until("and about addresses", () -> {
            int shared = events.shared.get();
            return isAdmitted(limiter, address) && events.shared.get() > shared;
        });
        Await.until("the outage is over", () -> events.recovered.get() == 1);
        Await.until("no faults", () -> List.of().equals(limiter.faults().block(GENEROUS)));
    }

    @Test
    void masterThatDiesIsLeftForThePromotedReplicaWhichCountsOn() {
        Await.until("Redis decides", () -> isAdmitted(limiter, quota));
        long before = counted();
        Await.until("the replica has it", () -> fixture.redis().waitForReplication(1, 100) == 1);

        master.kill();
        sentinel.awaitMaster(replica);

        Await.until("the new master decides", () -> isAdmitted(limiter, quota));
        assertThat(counted()).isGreaterThan(before);
    }
}
