package dev.sluice.gateway.inbound.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Every alert has its section in the runbook, and every section its alert. */
class RunbookTest {
    private static final Path DOCKER = Path.of("..", "docker");
    private static final List<String> PARTS = List.of("**Means:**", "**Look at:**", "**Do:**");

    private static String read(String file) throws IOException {
        return Files.readString(DOCKER.resolve(file));
    }

    private static List<String> alerts() throws IOException {
        return found("(?m)^ +- alert: (\\w+)$", read("prometheus/alerts.yml"));
    }

    private static List<String> found(String pattern, String text) {
        return Pattern.compile(pattern)
                .matcher(text)
                .results()
                .map(match -> match.group(1))
                .toList();
    }

    @Test
    void everyAlertHasItsSectionAndEverySectionItsAlert() throws IOException {
        assertThat(alerts()).hasSizeGreaterThan(10).doesNotHaveDuplicates();
        assertThat(found("(?m)^## (\\w+)$", read("RUNBOOK.md"))).containsExactlyInAnyOrderElementsOf(alerts());
    }

    @Test
    void everyAlertLinksToItsSection() throws IOException {
        List<String> links = alerts().stream()
                .map(alert -> "docker/RUNBOOK.md#" + alert.toLowerCase(Locale.ROOT))
                .toList();
        assertThat(found("(?m)^ +runbook: (\\S+)$", read("prometheus/alerts.yml")))
                .isEqualTo(links);
    }

    @Test
    void everySectionSaysWhatItMeansWhereToLookAndWhatToDo() throws IOException {
        String[] sections = read("RUNBOOK.md").split("(?m)^## ", -1);
        for (int index = 1; index < sections.length; index++) {
            assertThat(sections[index]).contains(PARTS);
        }
    }

    @Test
    void linksBetweenSectionsLeadToOne() throws IOException {
        List<String> sections =
                alerts().stream().map(alert -> alert.toLowerCase(Locale.ROOT)).toList();
        assertThat(found("\\]\\(#([^)]*)\\)", read("RUNBOOK.md"))).isNotEmpty().isSubsetOf(sections);
    }
}
