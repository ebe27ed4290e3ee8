package dev.sluice.gateway.outbound.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessDirectoryTest {
    @TempDir
    private Path all;

    private Path named() throws IOException {
        return Files.createDirectory(all.resolve(UUID.randomUUID().toString()));
    }

    @Test
    void sweepRemovesWhatEndedProcessesLeftAndNothingElse() throws IOException {
        Path left = named();
        Files.writeString(left.resolve("lock"), "");
        Files.writeString(Files.createDirectory(left.resolve("1")).resolve("picture"), "half");
        Path foreign = Files.writeString(all.resolve("notes"), "not ours");
        Path foreignDirectory = Files.createDirectory(all.resolve("notes.d"));
        try (ProcessDirectory other = new ProcessDirectory(all)) {
            Path used = Files.writeString(other.next(), "in use");

            new ProcessDirectory(all).sweep();

            assertThat(used).exists();
        }
        assertThat(left).doesNotExist();
        assertThat(foreign).exists();
        assertThat(foreignDirectory).exists();
    }

    @Test
    void directoryWithoutALockIsRemovedWhenNoProcessCanStillBeMakingIt() throws IOException {
        Path begun = named();
        Path old = named();
        Files.setLastModifiedTime(old, FileTime.from(Instant.now().minusSeconds(3600)));

        new ProcessDirectory(all).sweep();

        assertThat(begun).exists();
        assertThat(old).doesNotExist();
    }

    @Test
    void linkOutOfAnAbandonedDirectoryIsNotFollowed(@TempDir Path elsewhere) throws IOException {
        Path secret = Files.writeString(elsewhere.resolve("secret"), "secret");
        Path left = named();
        Files.writeString(left.resolve("lock"), "");
        Files.createSymbolicLink(left.resolve("1"), elsewhere);

        new ProcessDirectory(all).sweep();

        assertThat(left).doesNotExist();
        assertThat(secret).exists();
    }

    @Test
    void directoryThatSomebodyDeletedIsMadeAgain() throws IOException {
        try (ProcessDirectory directory = new ProcessDirectory(all.resolve("work"))) {
            Path first = Files.createFile(directory.next());
            WorkDirectory.remove(all.resolve("work"));

            Path second = Files.createFile(directory.next());

            assertThat(first).doesNotExist();
            assertThat(second).exists();
        }
        assertThat(all.resolve("work")).isEmptyDirectory();
    }

    @Test
    void lockIsNobodyElsesUntilItIsClosed() throws IOException {
        try (DirectoryLock held = Objects.requireNonNull(lock())) {
            assertThat(lock()).isNull();
            assertThat(held.isInPlace()).isTrue();

            Files.move(all.resolve("lock"), all.resolve("moved"));
            Files.createFile(all.resolve("lock"));

            assertThat(held.isInPlace()).isFalse();
        }
        try (DirectoryLock again = lock()) {
            assertThat(again).isNotNull();
        }
    }

    private @Nullable DirectoryLock lock() throws IOException {
        return DirectoryLock.tryLock(all, "lock", StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    @Test
    void directoryThatIsNotThereCannotBeLocked() {
        assertThatThrownBy(() -> DirectoryLock.tryLock(all.resolve("absent"), "lock", StandardOpenOption.WRITE))
                .isInstanceOf(NoSuchFileException.class);
    }
}
