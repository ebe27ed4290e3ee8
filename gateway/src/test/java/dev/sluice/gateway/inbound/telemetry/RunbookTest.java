package dev.sluice.gateway.inbound.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
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

    /** What says something of the store; the rest is about one object, or about what was sent. */
    @Test
    void everyOutageOfTheStoreThatItsMeterReportsFiresStoreDownAndIsExplained() throws IOException {
        Set<Kind> ofOneObject = EnumSet.of(Kind.EXISTS, Kind.LENGTH_MISMATCH, Kind.GONE);
        List<String> outages = EnumSet.complementOf(EnumSet.copyOf(ofOneObject)).stream()
                .map(Kind::code)
                .toList();

        List<String> asked =
                found("sluice_storage_operations_seconds_count\\{outcome=~\"([^\"]+)\"", read("prometheus/alerts.yml"));
        assertThat(asked).hasSize(1);
        assertThat(asked.getFirst().split("\\|")).containsExactlyInAnyOrderElementsOf(outages);

        String section = read("RUNBOOK.md").split("(?m)^## StoreDown$", -1)[1].split("(?m)^## ", -1)[0];
        assertThat(section)
                .contains(outages.stream().map(code -> "`" + code + "`").toList());
    }

    @Test
    void linksBetweenSectionsLeadToOne() throws IOException {
        List<String> sections =
                alerts().stream().map(alert -> alert.toLowerCase(Locale.ROOT)).toList();
        assertThat(found("\\]\\(#([^)]*)\\)", read("RUNBOOK.md"))).isNotEmpty().isSubsetOf(sections);
    }
}
