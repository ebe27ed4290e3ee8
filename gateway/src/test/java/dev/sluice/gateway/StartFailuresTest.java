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
        assertThat(output.getOut())
                .contains("The gateway does not start:\n")
                .contains(":     sluice.zip.max-images: 0 (expected: 1 to 100)\n")
                .contains("in the environment SLUICE_ZIP_MAXIMAGES")
                .doesNotContain("\tat ", "BeanCreationException");
    }

    /** It comes from where something is made of two settings, not from the record of one. */
    @Test
    void settingThatDoesNotFitAnotherIsNamedToo(CapturedOutput output) {
        assertThatThrownBy(() -> RunningGateway.start(Map.of("sluice.training.disk-budget", "1MB"))
                        .close())
                .isInstanceOf(RuntimeException.class);
        assertThat(output.getOut())
                .contains(":     sluice.training.disk-budget: 1048576B (expected: at least ")
                .doesNotContain("\tat ", "BeanCreationException");
    }

    @Test
    void whatProductionLacksIsAListOfLines(CapturedOutput output) {
        assertThatThrownBy(() -> RunningGateway.start(
                                Map.of("spring.profiles.active", "prod", "logging.structured.format.console", ""))
                        .close())
                .isInstanceOf(IllegalStateException.class);
        assertThat(output.getOut())
                .contains(":         sluice.redis.url (REDIS_URL: ")
                .contains(":         management.server.port (MANAGEMENT_SERVER_PORT: ")
                .doesNotContain("\tat ", "BeanCreationException");
    }

    @Test
    void databaseThatIsNotThereIsAParagraph(CapturedOutput output) {
        assertThatThrownBy(() -> RunningGateway.start(
                                Map.of("sluice.database.url", "postgresql://me:secret@127.0.0.1:1/gallery"))
                        .close())
                .isInstanceOf(RuntimeException.class);
        assertThat(output.getOut())
                .contains(":     No database: PostgreSQL at 127.0.0.1:1/gallery cannot be opened: ")
                .contains("DATABASE_URL")
                .doesNotContain("\tat ", "BeanCreationException", "secret");
    }

    @Test
    void directoryThatCannotBeUsedIsAParagraph(CapturedOutput output, @TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "in the way");

        assertThatThrownBy(() -> RunningGateway.start(Map.of("sluice.storage.directory", file.toString()))
                        .close())
                .isInstanceOf(RuntimeException.class);
        assertThat(output.getOut())
                .contains(":     No place for images: ")
                .contains("SLUICE_STORAGE_DIRECTORY")
                .doesNotContain("\tat ", "BeanCreationException");
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
        assertThat(output.getOut())
                .contains(":     Another process has the database in " + directory + ": Sluice already runs with it.\n")
                .contains("SERVER_PORT=")
                .doesNotContain("\tat ", "BeanCreationException");
    }

    @Test
    void databaseDirectoryThatCannotBeMadeIsAParagraph(CapturedOutput output, @TempDir Path directory)
            throws IOException {
        Path file = Files.writeString(directory.resolve("sluice-data"), "in the way");

        assertThatThrownBy(() -> RunningGateway.start(Map.of(
                                "sluice.database.directory", file.resolve("db").toString()))
                        .close())
                .isInstanceOf(RuntimeException.class);
        assertThat(output.getOut())
                .contains(":     No database: H2 in " + file.resolve("db") + " cannot be opened: ")
                .contains("Check sluice.database.directory: it must be writable for this user")
                .doesNotContain("\tat ", "BeanCreationException");
    }

    @Test
    void portInUseIsAParagraph(CapturedOutput output) throws IOException {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String port = Integer.toString(other.getLocalPort());
            assertThatThrownBy(() ->
                            RunningGateway.start(Map.of("server.port", port)).close())
                    .isInstanceOf(RuntimeException.class);
            assertThat(output.getOut())
                    .contains(
                            ":     Port " + port + " is in use, by a Sluice that already runs or by another program.\n")
                    .contains("SERVER_PORT=")
                    .doesNotContain("\tat ", "BeanCreationException");
        }
    }

    /** 192.0.2.1 is kept for documents (RFC 5737): no machine has it. */
    @Test
    void addressOfAnotherMachineIsAParagraph(CapturedOutput output) {
        assertThatThrownBy(() -> RunningGateway.start(Map.of("server.address", "192.0.2.1"))
                        .close())
                .isInstanceOf(RuntimeException.class);
        assertThat(output.getOut())
                .contains(":     The gateway cannot listen: ")
                .contains("SERVER_ADDRESS")
                .doesNotContain("\tat ", "BeanCreationException");
    }
}
