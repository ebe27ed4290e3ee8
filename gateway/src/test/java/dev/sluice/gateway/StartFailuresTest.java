package dev.sluice.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
}
