package dev.sluice.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code docs/licences.md} names what the jar brings along, by its bill of materials. */
class LicencesTest {
    private static final Path LIST = Path.of("..", "docs", "licences.md");
    private static final Path BILL = Path.of("target", "classes", "META-INF", "sbom", "application.cdx.json");
    private static final Path MADE = Path.of("target", "licences.md");
    private static final String INTRODUCTION = """
            # Licences

            <!-- Generated: LicencesTest says how. -->

            Sluice is under the [Apache License 2.0](../LICENSE). The jar brings along what is listed here, as each names its
            licence; with versions and digests it is in the jar's bill of materials (CycloneDX),
            `META-INF/sbom/application.cdx.json`.

            | licence | of |
            | --- | --- |
            """;

    @Test
    void listNamesAllThatTheJarBringsAlong() throws IOException {
        assumeTrue(Files.exists(BILL), "the bill of materials is made by Maven");
        StringBuilder made = new StringBuilder(INTRODUCTION);
        Map<String, Set<String>> byLicence = byLicence();
        byLicence.forEach((licence, components) -> made.append("| ")
                .append(licence)
                .append(" | ")
                .append(String.join(", ", components))
                .append(" |\n"));
        Files.writeString(MADE, made);
        assertThat(byLicence).doesNotContainKey("");
        assertThat(LIST)
                .as("stale: cp gateway/target/licences.md docs/licences.md")
                .hasContent(made.toString());
    }

    private static Map<String, Set<String>> byLicence() throws IOException {
        Map<String, Set<String>> byLicence = new TreeMap<>();
        JsonNode bill = JsonMapper.builder().build().readTree(Files.readString(BILL));
        for (JsonNode component : bill.path("components")) {
            if (component.path("group").asString("").equals("dev.sluice")
                    || component.path("scope").asString("").equals("optional")) {
                continue;
            }
            Set<String> licences = new TreeSet<>();
            for (JsonNode each : component.path("licenses")) {
                JsonNode licence = each.path("license");
                licences.add(each.path("expression")
                        .asString(
                                licence.path("id").asString(licence.path("name").asString(""))));
            }
            String name = component.path("group").asString("") + ":"
                    + component.path("name").asString();
            byLicence
                    .computeIfAbsent(String.join(" or ", licences), _ -> new TreeSet<>())
                    .add("`" + name + "`");
        }
        return byLicence;
    }
}
