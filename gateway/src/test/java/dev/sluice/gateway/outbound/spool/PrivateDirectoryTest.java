package dev.sluice.gateway.outbound.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
    void directoryThatThisUserMayNotWriteToIsNamedWithTheUser() throws Exception {
        Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path closed = Files.createDirectory(own.resolve("closed"));
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("r-xr-xr-x"));

        assertThat(refusalOf(closed)).isEqualTo(closed + " cannot be written to by the user " + ordinaryUser());
        assertThat(refusalOf(closed.resolve("sluice")))
                .isEqualTo(closed.resolve("sluice") + " cannot be made: the user " + ordinaryUser()
                        + " may not write to " + closed.resolve("sluice"));
    }

    /** Root may write everywhere: then nobody tries, in a process of its own. */
    private String refusalOf(Path directory) throws IOException, InterruptedException {
        if (!isRoot()) {
            return Try.refusalOf(directory);
        }
        Path setpriv = Path.of("/usr/bin/setpriv");
        assumeTrue(Files.isExecutable(setpriv), "root needs setpriv to be somebody else");
        Path classes = Files.createDirectories(own.resolve("classes"));
        for (Class<?> each : List.of(PrivateDirectory.class, Try.class)) {
            copyClass(each.getName(), classes);
        }
        copyClass(PrivateDirectory.class.getName() + "$Owner", classes);
        Process process = new ProcessBuilder(
                        setpriv.toString(),
                        "--reuid=nobody",
                        "--clear-groups",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        classes.toString(),
                        Try.class.getName(),
                        directory.toString())
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        return said.strip();
    }

    private static void copyClass(String name, Path classes) throws IOException {
        String file = name.replace('.', '/') + ".class";
        Path copy = classes.resolve(file);
        Files.createDirectories(Objects.requireNonNull(copy.getParent()));
        try (InputStream compiled =
                Objects.requireNonNull(PrivateDirectory.class.getClassLoader().getResourceAsStream(file))) {
            Files.copy(compiled, copy, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    private static String ordinaryUser() {
        return isRoot() ? "nobody" : System.getProperty("user.name");
    }

    /** What the other process does. */
    static final class Try {
        private Try() {}

        public static void main(String[] directory) {
            System.out.println(refusalOf(Path.of(directory[0])));
        }

        static String refusalOf(Path directory) {
            try {
                return "made " + PrivateDirectory.make(directory);
            } catch (IOException refused) {
                return String.valueOf(refused.getMessage());
            }
        }
    }

    /** The file system of a ZIP has no POSIX permissions, as that of Windows has none. */
    @Test
    void withoutPosixPermissionsItIsMadeAllTheSame() throws IOException {
        try (FileSystem plain = FileSystems.newFileSystem(own.resolve("files.zip"), Map.of("create", "true"))) {
            assertThat(plain.supportedFileAttributeViews()).doesNotContain("posix");

            Path made = PrivateDirectory.make(plain.getPath("/data/db"));

            assertThat(made).isDirectory();
            assertThat(PrivateDirectory.make(made)).isEqualTo(made);
            assertThat(WorkDirectory.create(made.resolve("1"))).isDirectory();
        }
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
