package dev.sluice.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code docs/scale.md} is computed from what was measured, by a script that reads the document with the results. */
class ScaleTest {
    private static final Path SCRIPT = Path.of("docs", "scale.py");
    private static final Pattern TABLE = Pattern.compile("<!-- ([a-z]+) -->\n(.*?)<!-- end -->", Pattern.DOTALL);

    @TempDir
    private Path directory;

    /** The tables that take no simulation, which are those whose numbers the measured costs decide. */
    @Test
    void pageHasTheTablesThatFollowFromTheLatestMeasurement() throws Exception {
        List<String> simulated = List.of("simulated", "stores");
        String page = Files.readString(Path.of("docs", "scale.md"));
        String computed = computed();

        assertThat(TABLE.matcher(page).results().map(table -> table.group(1)))
                .containsAll(simulated)
                .contains("calibration");
        TABLE.matcher(page)
                .results()
                .filter(table -> !simulated.contains(table.group(1)))
                .forEach(table -> assertThat(computed)
                        .as("docs/scale.md is out of date: python3 gateway/docs/scale.py --update")
                        .contains("### " + table.group(1) + "\n\n" + table.group(2)));
    }

    private String computed() throws IOException, InterruptedException {
        Path output = directory.resolve("output");
        Process process;
        try {
            process = new ProcessBuilder("python3", SCRIPT.toString(), "--quick")
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
        } catch (IOException missing) {
            assumeTrue(false, "python3 is not installed");
            throw missing;
        }
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        String text = Files.readString(output, StandardCharsets.UTF_8);
        assertThat(process.exitValue()).as(text).isZero();
        return text;
    }
}
