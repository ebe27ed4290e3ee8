package dev.sluice.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What the container image says of itself, to registries and scanners, and how long its gateway may take to end. */
class ContainerImageTest {
    private static final Path ROOT = Path.of("..");
    private static final Pattern LABEL = Pattern.compile("org\\.opencontainers\\.image\\.(\\w+)=\"([^\"]*)\"");

    private static String read(String file) throws IOException {
        return Files.readString(ROOT.resolve(file));
    }

    private static String found(String pattern, String text) {
        Matcher found = Pattern.compile(pattern).matcher(text);
        assertThat(found.find()).as(pattern).isTrue();
        return found.group(1);
    }

    private static Map<String, String> labels() throws IOException {
        Map<String, String> labels = new TreeMap<>();
        LABEL.matcher(read("docker/Dockerfile")).results().forEach(each -> labels.put(each.group(1), each.group(2)));
        return labels;
    }

    @Test
    void versionOfTheImageIsThatOfTheBuild() throws IOException {
        String version = found("<artifactId>sluice</artifactId>\\s*<version>([^<]+)</version>", read("pom.xml"));

        assertThat(labels()).containsEntry("version", version);
    }

    @Test
    void labelsAreThoseByWhichAnImageIsFoundAgain() throws IOException {
        assertThat(labels())
                .containsOnlyKeys("title", "description", "version", "revision", "created", "licenses", "vendor")
                .containsEntry("revision", "${REVISION}")
                .containsEntry("created", "${CREATED}")
                .containsEntry("licenses", "Apache-2.0");
        assertThat(read("docker/Dockerfile")).contains("ARG REVISION=unknown", "ARG CREATED=unknown");
        assertThat(read("docker/README.md")).contains("--build-arg REVISION=", "--build-arg CREATED=");
    }

    /** Docker kills after ten seconds where nobody says otherwise, and an image cannot. */
    @Test
    void everyDocumentedRunLeavesTheGatewayItsTimeToEndAndKeepsItsData() throws IOException {
        for (String file : new String[] {"README.md", "docker/README.md", "docker/Dockerfile"}) {
            assertThat(found("(docker run --rm [^\\n]*)", read(file)))
                    .as(file)
                    .contains(" --stop-timeout 40 ", " -v sluice:/var/lib/sluice ");
        }
        assertThat(found("(VOLUME \\S+)", read("docker/Dockerfile"))).isEqualTo("VOLUME /var/lib/sluice");
        assertThat(read("docker/compose.yaml")).contains("stop_grace_period: 40s");
    }
}
