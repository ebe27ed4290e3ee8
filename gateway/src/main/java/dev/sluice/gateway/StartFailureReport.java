package dev.sluice.gateway;

import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalysisReporter;

/**
 * Logs why the gateway does not start, an event a line: the log's format keeps the line ends of a message from being
 * any, so the report of Spring Boot, which is one message, would be one long line.
 */
final class StartFailureReport implements FailureAnalysisReporter {
    private static final Logger LOG = LoggerFactory.getLogger(StartFailureReport.class);

    @Override
    public void report(FailureAnalysis analysis) {
        LOG.error("The gateway does not start:");
        lines(analysis.getDescription()).forEach(line -> LOG.error("    {}", line));
        lines(analysis.getAction()).forEach(line -> LOG.error("What to do: {}", line));
    }

    private static Stream<String> lines(@Nullable String text) {
        return text == null ? Stream.empty() : text.lines().filter(line -> !line.isBlank());
    }
}
