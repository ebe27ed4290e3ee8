package dev.sluice.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.limits.redis.RedisLimiterSettings;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PipelineTest {

    @ParameterizedTest
    @CsvSource({"5, 10", "100, 150", "400, 600", "10000, 10000"})
    void limiterWaitsForACommandAsLongAsIsSaid(long command, long decision) {
        RedisLimiterSettings settings = Pipeline.limiterSettings("{sluice}:", Duration.ofMillis(command));

        assertThat(settings.keyPrefix()).isEqualTo("sluice:");
        assertThat(settings.commandTimeout()).isEqualTo(Duration.ofMillis(command));
        assertThat(settings.deadline()).isEqualTo(Duration.ofMillis(decision));
    }
}
