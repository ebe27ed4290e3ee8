package dev.sluice.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** What an operator reads when a setting keeps the gateway from starting. */
@ExtendWith(OutputCaptureExtension.class)
class StartFailuresTest {

    @Test
    void wrongSettingIsNamedWithoutAStackTrace(CapturedOutput output) {
        assertThatThrownBy(() -> RunningGateway.start(Map.of("sluice.zip.max-images", "0"))
                        .close())
                .isInstanceOf(RuntimeException.class);
        assertThat(lastLines(output))
                .contains("The gateway does not start:\n")
                .contains(":     sluice.zip.max-images: 0 (expected: 1 to 100)\n")
                .contains("in the environment SLUICE_ZIP_MAXIMAGES");
    }

    /** It comes from where something is made of two settings, not from the record of one. */
    @Test
    void settingThatDoesNotFitAnotherIsNamedToo(CapturedOutput output) {
        assertThatThrownBy(() -> RunningGateway.start(Map.of("sluice.training.disk-budget", "1MB"))
                        .close())
                .isInstanceOf(RuntimeException.class);
        assertThat(lastLines(output)).contains(":     sluice.training.disk-budget: 1048576B (expected: at least ");
    }

    @Test
    void whatProductionLacksIsAListOfLines(CapturedOutput output) {
        assertThatThrownBy(() -> RunningGateway.start(
                                Map.of("spring.profiles.active", "prod", "logging.structured.format.console", ""))
                        .close())
                .isInstanceOf(IllegalStateException.class);
        assertThat(lastLines(output))
                .contains(":         sluice.redis.url (REDIS_URL: ")
                .contains(":         management.server.port (MANAGEMENT_SERVER_PORT: ");
    }

    @Test
    void databaseThatIsNotThereIsAParagraph(CapturedOutput output) {
        assertThatThrownBy(() -> RunningGateway.start(
                                Map.of("sluice.database.url", "postgresql://me:secret@127.0.0.1:1/gallery"))
                        .close())
                .isInstanceOf(RuntimeException.class);
        assertThat(lastLines(output))
                .contains(":     No database: PostgreSQL at 127.0.0.1:1/gallery cannot be opened: ")
                .contains("DATABASE_URL");
        assertThat(output.getOut()).doesNotContain("secret");
    }

    @Test
    void directoryThatCannotBeUsedIsAParagraph(CapturedOutput output, @TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "in the way");

        assertThatThrownBy(() -> RunningGateway.start(Map.of("sluice.storage.directory", file.toString()))
                        .close())
                .isInstanceOf(RuntimeException.class);
        assertThat(lastLines(output)).contains(":     No place for images: ").contains("SLUICE_STORAGE_DIRECTORY");
    }

    @Test
    void secondGatewayWithTheSameDataIsToldWhatToDo(CapturedOutput output, @TempDir Path directory) throws IOException {
        try (FileChannel database = FileChannel.open(
                        directory.resolve("sluice.mv.db"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock heldByTheFirst = database.lock()) {
            assertThat(heldByTheFirst.isValid()).isTrue();
            assertThatThrownBy(() -> RunningGateway.start(Map.of("sluice.database.directory", directory.toString()))
                            .close())
                    .isInstanceOf(RuntimeException.class);
        }
        assertThat(lastLines(output))
                .contains(":     Another process has the database in " + directory + ": Sluice already runs with it.\n")
                .contains("SERVER_PORT=");
    }

    @Test
    void databaseDirectoryThatCannotBeMadeIsAParagraph(CapturedOutput output, @TempDir Path directory)
            throws IOException {
        Path file = Files.writeString(directory.resolve("sluice-data"), "in the way");

        assertThatThrownBy(() -> RunningGateway.start(Map.of(
                                "sluice.database.directory", file.resolve("db").toString()))
                        .close())
                .isInstanceOf(RuntimeException.class);
        assertThat(lastLines(output))
                .contains(":     No database: H2 in " + file.resolve("db") + " cannot be opened: ")
                .contains("Check sluice.database.directory: it must be writable for this user");
    }

    @Test
    void portInUseIsAParagraph(CapturedOutput output) throws IOException {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String port = Integer.toString(other.getLocalPort());
            assertThatThrownBy(() ->
                            RunningGateway.start(Map.of("server.port", port)).close())
                    .isInstanceOf(RuntimeException.class);
            assertThat(lastLines(output))
                    .contains(
                            ":     Port " + port + " is in use, by a Sluice that already runs or by another program.\n")
                    .contains("SERVER_PORT=");
        }
    }

    /** 192.0.2.1 is kept for documents (RFC 5737): no machine has it. */
    @Test
    void addressOfAnotherMachineIsAParagraph(CapturedOutput output) {
        assertThatThrownBy(() -> RunningGateway.start(Map.of("server.address", "192.0.2.1"))
                        .close())
                .isInstanceOf(RuntimeException.class);
        assertThat(lastLines(output))
                .contains(":     The gateway cannot listen: ")
                .contains("SERVER_ADDRESS");
    }

    /** All from the first line of the report on: nothing else comes after it, and no stack trace anywhere. */
    private static String lastLines(CapturedOutput output) {
        assertThat(output.getOut()).doesNotContain("\tat ", "BeanCreationException");
        List<String> last = output.getOut()
                .lines()
                .dropWhile(line -> !line.endsWith(": The gateway does not start:"))
                .toList();
        assertThat(last)
                .hasSizeGreaterThan(2)
                .allSatisfy(line -> assertThat(line).contains(" dev.sluice.gateway.StartFailureReport "));
        assertThat(last.getLast()).contains(": What to do: ");
        return String.join("\n", last) + "\n";
    }
}
