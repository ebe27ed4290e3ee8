package dev.sluice.limits.redis;

import dev.sluice.limits.Limiter;
import dev.sluice.limits.LimiterContract;
import dev.sluice.limits.TestClock;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

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

    @BeforeEach
    void connect() {
        fixture = new RedisFixture(server.uri());
        fixture.setTime(clock.instant());
        limiter = RedisFixture.connected(fixture.timedLimiter(settings(), clock, events));
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
