package dev.sluice.gateway.testing;

import dev.sluice.gateway.outbound.database.DatabaseConfiguration;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.util.FileSystemUtils;

/**
 * An embedded database as a gateway leaves it that has started and stopped: made by the gateway's own migrations, once
 * for all tests of a JVM, and copied. A gateway that finds a copy has nothing to migrate, which is an eighth of its
 * start.
 */
final class MigratedDatabase {

    private static final class Template {
        static final Path DIRECTORY = made();

        private static Path made() {
            try {
                Path directory = Files.createTempDirectory("migrated-database");
                Runtime.getRuntime().addShutdownHook(new Thread(() -> RunningGateway.delete(directory)));
                new SpringApplicationBuilder(DatabaseConfiguration.class)
                        .web(WebApplicationType.NONE)
                        .run("--spring.main.banner-mode=off", "--sluice.database.directory=" + directory.resolve("db"))
                        .close();
                return directory.resolve("db");
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }
    }

    private MigratedDatabase() {}

    /** Copies it to a directory that is not there yet. */
    static void copyTo(Path directory) {
        try {
            Files.createDirectory(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            FileSystemUtils.copyRecursively(Template.DIRECTORY, directory);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
