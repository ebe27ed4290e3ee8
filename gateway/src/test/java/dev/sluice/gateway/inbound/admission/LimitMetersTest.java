package dev.sluice.gateway.inbound.admission;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class LimitMetersTest {

    @Test
    void waitingHereAndRedisAreTwoTimers() {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        LimitMeters limits = new LimitMeters(meters);

        limits.waitedForRedis(Duration.ofMillis(3).toNanos());
        limits.redisAnswered(Duration.ofMillis(2).toNanos());
        limits.redisAnswered(Duration.ofMillis(5).toNanos());

        Timer waits = meters.get("sluice.limits.redis.wait").timer();
        Timer calls = meters.get("sluice.limits.redis.call").timer();
        assertThat(waits.count()).isOne();
        assertThat(waits.max(TimeUnit.MILLISECONDS)).isEqualTo(3);
        assertThat(calls.count()).isEqualTo(2);
        assertThat(calls.max(TimeUnit.MILLISECONDS)).isEqualTo(5);
    }

    @Test
    void outageIsOneLineThatSaysWhatRedisSaid(CapturedOutput output) {
        new LimitMeters(new SimpleMeterRegistry()).degraded(new IllegalStateException("OOM command not allowed"));

        assertThat(output.getOut())
                .containsOnlyOnce("spending is refused: java.lang.IllegalStateException: OOM command not allowed")
                .doesNotContain("\tat ");
    }
}
