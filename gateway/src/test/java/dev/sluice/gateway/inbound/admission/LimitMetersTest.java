package dev.sluice.gateway.inbound.admission;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class LimitMetersTest {

    @Test
    void outageIsOneLineThatSaysWhatRedisSaid(CapturedOutput output) {
        new LimitMeters(new SimpleMeterRegistry()).degraded(new IllegalStateException("OOM command not allowed"));

        assertThat(output.getOut())
                .containsOnlyOnce("spending is refused: java.lang.IllegalStateException: OOM command not allowed")
                .doesNotContain("\tat ");
    }
}
