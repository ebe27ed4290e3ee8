package dev.sluice.gateway.outbound.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrivateDirectoryTest {
    @TempDir
    private Path own;

    private Path everybodys;

    @BeforeEach
    void makeAPlaceForAll() throws IOException {
        everybodys = Files.createDirectory(own.resolve("tmp"));
        Files.setPosixFilePermissions(everybodys, PosixFilePermissions.fromString("rwxrwxrwx"));
    }

    private static String permissions(Path directory) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(directory));
    }

    @Test
    void directoryThatIsMadeIsForItsOwnerAlone() throws IOException {
        Path made = PrivateDirectory.make(own.resolve("a/b/sluice"));

        assertThat(permissions(made)).isEqualTo("rwx------");
        assertThat(PrivateDirectory.make(made)).isEqualTo(made);
    }

    @Test
    void oneThatLiesWhereAllMayWriteIsClosedToOthers() throws IOException {
        Path before = Files.createDirectory(everybodys.resolve("sluice"));
        Files.setPosixFilePermissions(before, PosixFilePermissions.fromString("rwxrwxr-x"));

        assertThat(permissions(PrivateDirectory.make(before))).isEqualTo("rwx------");
    }

    @Test
    void oneThatTheOperatorMadeElsewhereIsLeftAsItIs() throws IOException {
        Path before = Files.createDirectory(own.resolve("volume"));
        Files.setPosixFilePermissions(before, PosixFilePermissions.fromString("rwxrwxr-x"));

        assertThat(permissions(PrivateDirectory.make(before))).isEqualTo("rwxrwxr-x");
    }

    @Test
    void linkThatAnotherCouldHavePutThereIsRefused() throws IOException {
        Path link =
                Files.createSymbolicLink(everybodys.resolve("sluice"), Files.createDirectory(own.resolve("target")));

        assertThatIOException().isThrownBy(() -> PrivateDirectory.make(link)).withMessageContaining("is no directory");
    }

    @Test
    void fileInItsPlaceIsNamed() throws IOException {
        Path file = Files.writeString(own.resolve("file"), "in the way");

        assertThatIOException()
                .isThrownBy(() -> PrivateDirectory.make(file))
                .withMessage(file + " is no directory (expected: one, or nothing there yet)");
    }

    @Test
    void directoryThatThisUserMayNotWriteToIsNamedWithTheUser() throws IOException {
        assumeFalse("root".equals(System.getProperty("user.name")), "root may write everywhere");
        Path closed = Files.createDirectory(own.resolve("closed"));
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("r-xr-xr-x"));

        assertThatIOException()
                .isThrownBy(() -> PrivateDirectory.make(closed))
                .withMessage(closed + " cannot be written to by the user " + System.getProperty("user.name"));
        assertThatIOException()
                .isThrownBy(() -> PrivateDirectory.make(closed.resolve("sluice")))
                .withMessageContaining("may not write to");
    }

    @Test
    void directoryOfAnotherUserIsRefused() throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "only root can give a directory away");
        Path theirs = Files.createDirectory(everybodys.resolve("sluice"));
        Files.setOwner(
                theirs, theirs.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));

        assertThatIOException()
                .isThrownBy(() -> PrivateDirectory.make(theirs))
                .withMessageContaining("belongs to the user nobody");
    }
}
