package dev.sluice.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What somebody reads who starts the program from its sources, with and without the JDK for it. */
class MavenWrapperTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Path PROPERTIES = Path.of(".mvn", "wrapper", "maven-wrapper.properties");
    /** All that the script may call before there is a JDK; no {@code java}. */
    private static final List<String> TOOLS =
            List.of("basename", "cat", "dirname", "mktemp", "readlink", "rm", "sed", "tr", "uname");

    @TempDir
    Path machine;

    @BeforeEach
    void copyScript() throws IOException {
        assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "needs a POSIX shell");
        // The places where JDKs are installed become folders of a machine that has none.
        String script = Files.readString(ROOT.resolve("mvnw"))
                .replace(" /usr/lib/jvm/", " " + machine + "/usr/lib/jvm/")
                .replace(" /usr/java/", " " + machine + "/usr/java/")
                .replace(" /opt/java/", " " + machine + "/opt/java/")
                .replace(" /Library/", " " + machine + "/Library/")
                .replace(" /opt/homebrew/", " " + machine + "/opt/homebrew/")
                .replace(" /usr/local/opt/", " " + machine + "/usr/local/opt/");
        Files.writeString(machine.resolve("mvnw"), script);
        Files.createDirectories(machine.resolve(PROPERTIES).getParent());
        Files.copy(ROOT.resolve(PROPERTIES), machine.resolve(PROPERTIES));
        Files.createDirectories(machine.resolve("bin"));
        for (String tool : TOOLS) {
            Path found = Stream.of("/usr/bin", "/bin")
                    .map(folder -> Path.of(folder, tool))
                    .filter(Files::isExecutable)
                    .findFirst()
                    .orElseThrow();
            Files.createSymbolicLink(machine.resolve("bin").resolve(tool), found);
        }
    }

    @Test
    void withoutAnyJavaItSaysWhichJdkAndHowToGetIt() throws Exception {
        Ended ended = mvnw("", "spring-boot:run");
        assertThat(ended.exit()).isOne();
        assertThat(ended.output())
                .startsWith("Sluice needs a JDK 25 or later")
                .contains("Debian", "macOS", "Windows", "SDKMAN", "JAVA_HOME=/path/to/jdk")
                .doesNotContain("not found\n", "mvnw:");
        assertThat(ended.output().lines().count()).isLessThan(15);
    }

    @Test
    void olderJdkIsNotTakenForOne() throws Exception {
        Ended ended = mvnw(jdk("old", "21.0.2").toString(), "verify");
        assertThat(ended.exit()).isOne();
        assertThat(ended.output()).startsWith("Sluice needs a JDK 25 or later");
    }

    @Test
    void jdkThatIsInstalledIsUsedThoughAnOlderOneIsInTheEnvironment() throws Exception {
        Path jdk = jdk("usr/lib/jvm/jdk-25", "25.0.1");
        pretendMaven();
        assertThat(mvnw(jdk("old", "21.0.2").toString(), "verify"))
                .isEqualTo(new Ended(0, "JAVA_HOME=" + jdk + "\n[verify]\n"));
    }

    /** As {@code /usr/bin/java} is one, by {@code /etc/alternatives}. */
    @Test
    void jdkIsFoundByTheLinksFromTheJavaOnThePath() throws Exception {
        Path jdk = jdk("elsewhere", "25.0.1");
        Path alternatives = Files.createDirectories(machine.resolve("etc/alternatives"));
        Files.createSymbolicLink(alternatives.resolve("java"), jdk.resolve("bin/java"));
        Files.createSymbolicLink(machine.resolve("bin/java"), Path.of("../etc/alternatives/java"));
        pretendMaven();
        assertThat(mvnw("", "verify")).isEqualTo(new Ended(0, "JAVA_HOME=" + jdk + "\n[verify]\n"));
    }

    /** Which is where {@code .mvn} is, and where a jar that is started there has its data too. */
    @Test
    void dataOfAProgramThatMavenStartsIsInTheRootOfTheRepository() throws IOException {
        assertThat(ROOT.resolve(".mvn")).isDirectory();
        assertThat(Files.readString(Path.of("pom.xml")))
                .contains("<workingDirectory>${maven.multiModuleProjectDirectory}</workingDirectory>");
    }

    /** It does not run here, so it is only read. */
    @Test
    void scriptForWindowsNamesTheSameJdkAndLeavesTheSameOut() throws IOException {
        String here = Files.readString(ROOT.resolve("mvnw"));
        for (String same : List.of(
                "Sluice needs a JDK 25 or later",
                "winget install EclipseAdoptium.Temurin.25.JDK",
                "-DskipChecks",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow")) {
            assertThat(here).contains(same);
            assertThat(Files.readString(ROOT.resolve("mvnw.cmd"))).contains(same);
        }
    }

    @Test
    void whoOnlyRunsTheProgramDownloadsNothingForTests() throws Exception {
        Path jdk = jdk("sdk", "26");
        pretendMaven();
        assertThat(mvnw(jdk.toString(), "spring-boot:run").output())
                .isEqualTo("JAVA_HOME=" + jdk + "\n[-DskipChecks]\n[spring-boot:run]\n");
    }

    private Path jdk(String name, String version) throws IOException {
        Path jdk = machine.resolve(name);
        Files.createDirectories(jdk.resolve("bin"));
        Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
        for (String program : List.of("java", "javac")) {
            Files.writeString(jdk.resolve("bin").resolve(program), "");
            assertThat(jdk.resolve("bin").resolve(program).toFile().setExecutable(true))
                    .isTrue();
        }
        return jdk;
    }

    /** Where the wrapper keeps the Maven that it has downloaded: a script that tells how it was called. */
    private void pretendMaven() throws IOException {
        String url = Files.readAllLines(machine.resolve(PROPERTIES)).stream()
                .filter(line -> line.startsWith("distributionUrl="))
                .map(line -> line.substring("distributionUrl=".length()))
                .findFirst()
                .orElseThrow();
        String name = url.substring(url.lastIndexOf('/') + 1).replace("-bin.zip", "");
        Path program = machine.resolve(
                Path.of(".m2", "wrapper", "dists", name, Integer.toHexString(url.hashCode()), "bin", "mvn"));
        Files.createDirectories(program.getParent());
        Files.writeString(program, """
                #!/bin/sh
                echo "JAVA_HOME=$JAVA_HOME"
                printf '[%s]\\n' "$@"
                """);
        assertThat(program.toFile().setExecutable(true)).isTrue();
    }

    private Ended mvnw(String javaHome, String goal) throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder("/bin/sh", machine.resolve("mvnw").toString(), goal).redirectErrorStream(true);
        builder.environment().clear();
        builder.environment().put("PATH", machine.resolve("bin").toString());
        builder.environment().put("HOME", machine.toString());
        if (!javaHome.isEmpty()) {
            builder.environment().put("JAVA_HOME", javaHome);
        }
        Process process = builder.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ended(process.waitFor(), output);
    }

    private record Ended(int exit, String output) {}
}
