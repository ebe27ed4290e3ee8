package dev.sluice.gateway.inbound.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** The console's log, as application.yml configures it. */
@ExtendWith(OutputCaptureExtension.class)
class OneLineLogTest {
    private static final Logger LOG = LoggerFactory.getLogger(OneLineLogTest.class);
    private static final String FORGED = "2026-11-28T00:00:00.000Z  INFO all is well";

    static final class Nothing {}

    @Test
    void textOfOthersBeginsNoLineOfTheLog(CapturedOutput output) {
        try (var none = new SpringApplicationBuilder(Nothing.class)
                .web(WebApplicationType.NONE)
                .run()) {
            assertThat(none.isActive()).isTrue();
            for (String end : List.of("\n", "\r", "\r\n", "\u0085", "\u2028", "\u2029")) {
                LOG.atWarn().addKeyValue("user", "mallory" + end + FORGED).log("message" + end + FORGED);
                LOG.warn(
                        "failed",
                        new IllegalStateException(
                                "outer" + end + FORGED, new IllegalStateException("inner" + end + FORGED)));
            }
        }

        assertThat(output.getOut())
                .contains("message?" + FORGED, "mallory?" + FORGED, "outer " + FORGED, "inner " + FORGED);
        assertThat(output.getOut().split("\\R")).noneMatch(line -> line.strip().startsWith(FORGED));
        assertThat(output.getOut().lines())
                .filteredOn(line -> line.contains("\tat "))
                .hasSizeGreaterThan(10);
    }
}
