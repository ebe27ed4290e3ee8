package dev.sluice.gateway.outbound.picture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

/** What the composition allows the gateway's container is what all of its bounds come to. In megabytes. */
class MemoryLimitTest {
    private static final Path DOCKER = Path.of("..", "docker");
    /** Of the JVM beside its heap and direct memory: classes, compiled code, threads; see docker/README.md. */
    private static final long JVM = 192;

    private static long megabytes(String file, String pattern) throws IOException {
        Matcher found = Pattern.compile(pattern).matcher(Files.readString(DOCKER.resolve(file)));
        assertThat(found.find()).as(file + ": " + pattern).isTrue();
        return Long.parseLong(found.group(1));
    }

    /** Of the gateway, which is the first service. */
    private static long ofGateway(String setting) throws IOException {
        return megabytes("compose.yaml", "(?s)\\n  gateway:\\n(?:(?!\\n  [a-z]+:\\n).)*?" + setting);
    }

    /** What all decoding takes at a time: its budget, or one picture that is larger and alone. */
    private static long decoding() {
        PictureProperties defaults = new Binder(new MapConfigurationPropertySource(Map.of()))
                .bindOrCreate("sluice.pictures", PictureProperties.class);
        return Math.max(
                defaults.memory().toMegabytes(), defaults.largestPicture().toMegabytes());
    }

    @Test
    void containerHasRoomForAllThatItsGatewayMayTake() throws IOException {
        long heap = ofGateway("-Xmx\\$\\{SLUICE_HEAP:-(\\d+)m");
        long direct = ofGateway("-XX:MaxDirectMemorySize=\\$\\{SLUICE_DIRECT_MEMORY:-(\\d+)m");
        long temporaryFiles = ofGateway("tmpfs: \\[\"/tmp:size=(\\d+)m");

        assertThat(ofGateway("\\bmem_limit: \\$\\{SLUICE_MEMORY:-(\\d+)m"))
                .isGreaterThanOrEqualTo(heap + direct + JVM + temporaryFiles + decoding());
    }

    @Test
    void containerDoesNotSwap() throws IOException {
        assertThat(ofGateway("memswap_limit: \\$\\{SLUICE_MEMORY:-(\\d+)m"))
                .isEqualTo(ofGateway("\\bmem_limit: \\$\\{SLUICE_MEMORY:-(\\d+)m"));
    }

    /** With and without the composition, and as its example of an environment says. */
    @ParameterizedTest
    @CsvSource({
        "Dockerfile, -Xmx(\\d+)m, SLUICE_HEAP=(\\d+)m",
        "Dockerfile, -XX:MaxDirectMemorySize=(\\d+)m, SLUICE_DIRECT_MEMORY=(\\d+)m",
        "compose.yaml, SLUICE_MEMORY:-(\\d+)m, SLUICE_MEMORY=(\\d+)m"
    })
    void boundIsTheSameWhereverItIsWritten(String file, String there, String inTheExample) throws IOException {
        assertThat(megabytes(".env.example", inTheExample)).isEqualTo(megabytes(file, there));
    }

    @Test
    void compositionSetsNoBoundThatThisDoesNotReckonWith() throws IOException {
        assertThat(Files.readString(DOCKER.resolve("compose.yaml")))
                .doesNotContain("SLUICE_PICTURES_MEMORY", "SLUICE_PICTURES_LARGEST_PICTURE");
        assertThat(ofGateway("-Xmx\\$\\{SLUICE_HEAP:-(\\d+)m")).isEqualTo(megabytes("Dockerfile", "-Xmx(\\d+)m"));
        assertThat(ofGateway("MaxDirectMemorySize=\\$\\{SLUICE_DIRECT_MEMORY:-(\\d+)m"))
                .isEqualTo(megabytes("Dockerfile", "-XX:MaxDirectMemorySize=(\\d+)m"));
    }
}
