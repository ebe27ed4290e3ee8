package dev.sluice.gateway.inbound.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecretFileTest {
    @TempDir
    private Path directory;

    @Test
    void isMadeOnceAndReadFromThenOn() throws IOException {
        Path file = directory.resolve("data/signing-secret");

        byte[] made = SecretFile.read(file);

        assertThat(made).hasSize(32);
        assertThat(SecretFile.read(file)).isEqualTo(made);
        assertThat(SecretFile.read(directory.resolve("other"))).isNotEqualTo(made);
        assertThat(file.getParent()).isDirectoryContaining(path -> path.equals(file));
        try (var files = Files.list(file.getParent())) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void onlyItsOwnerReadsIt() throws IOException {
        Path file = directory.resolve("signing-secret");

        SecretFile.read(file);

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }

    @Test
    void whatIsNoSecretIsRefusedByItsName() throws IOException {
        Path file = Files.writeString(directory.resolve("signing-secret"), "short");

        assertThatIllegalArgumentException()
                .isThrownBy(() -> SecretFile.read(file))
                .withMessage(
                        "sluice.signing-secret-file: %s holds 5 bytes (expected: 32; a deleted file is made anew)",
                        file);
    }

    @Test
    void whatCannotBeReadIsRefusedByItsNameAndSaysWhatWasExpected() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SecretFile.read(directory))
                .withMessageStartingWith("sluice.signing-secret-file: %s, which cannot be read: ", directory)
                .withMessageEndingWith("(expected: a file in a directory that this process may read and write)");
    }

    @Test
    void whereNoneCanBeWrittenThereIsOneForTheProcess() throws IOException {
        Path noDirectory = Files.writeString(directory.resolve("file"), "");

        assertThat(SecretFile.read(noDirectory.resolve("signing-secret"))).hasSize(32);
    }
}
