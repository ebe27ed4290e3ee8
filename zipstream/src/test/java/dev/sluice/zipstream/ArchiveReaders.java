package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Enumeration;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;

/**
 * Reads an archive with everything at hand: the JDK's {@link ZipFile}, which starts at the end, and
 * {@link ZipInputStream}, which cannot; {@code unzip}, Python's zipfile and bsdtar where they are installed. All must
 * find the same.
 */
final class ArchiveReaders {

    /** What a reader says of an entry; {@code size} and {@code crc} are those of the bytes it read. */
    record Found(String name, long size, long crc) {}

    private static final boolean UNZIP = onPath("unzip");
    private static final boolean PYTHON = onPath("python3");
    private static final boolean BSDTAR = onPath("bsdtar");

    private ArchiveReaders() {}

    /** Entries in order, after all readers agreed. */
    static List<Found> readAll(byte[] archive) {
        try {
            Path file = Files.createTempFile("archive", ".zip");
            try {
                Files.write(file, archive);
                return readAll(file);
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    static List<Found> readAll(Path archive) throws IOException {
        List<Found> found = readSeeking(archive);
        assertThat(readStreaming(archive)).as("ZipInputStream and ZipFile").isEqualTo(found);
        testWithTools(archive, found.isEmpty());
        return found;
    }

    static List<Found> readSeeking(Path archive) throws IOException {
        List<Found> found = new ArrayList<>();
        try (ZipFile zip = new ZipFile(archive.toFile())) {
            for (Enumeration<? extends ZipEntry> entries = zip.entries(); entries.hasMoreElements(); ) {
                ZipEntry entry = entries.nextElement();
                try (InputStream content = zip.getInputStream(entry)) {
                    found.add(read(entry, content));
                }
            }
        }
        return found;
    }

    static List<Found> readStreaming(Path archive) throws IOException {
        List<Found> found = new ArrayList<>();
        try (ZipInputStream zip = new ZipInputStream(new BufferedInputStream(Files.newInputStream(archive), 1 << 16))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                assertThat(entry.getMethod()).isEqualTo(ZipEntry.STORED);
                long declaredSize = entry.getSize();
                found.add(read(entry, zip));
                assertThat(declaredSize).as("size in the local header").isEqualTo(entry.getSize());
            }
        }
        return found;
    }

    /** {@code unzip} calls an empty archive a warning, so it is left out for that one. */
    static void testWithTools(Path archive, boolean empty) throws IOException {
        if (UNZIP && !empty) {
            run("unzip", "-tqq", archive.toString());
        }
        if (PYTHON) {
            run(
                    "python3",
                    "-c",
                    "import sys, zipfile; bad = zipfile.ZipFile(sys.argv[1]).testzip(); sys.exit(bad)",
                    archive.toString());
        }
        if (BSDTAR) {
            run("bsdtar", "-xOf", archive.toString());
        }
    }

    /** One entry only, found through the central directory: for archives that take long to read whole. */
    static void assertToolsRead(Path archive, String name, long size) throws IOException {
        try (ZipFile zip = new ZipFile(archive.toFile())) {
            ZipEntry entry = zip.getEntry(name);
            try (InputStream content = zip.getInputStream(entry)) {
                assertThat(read(entry, content).size()).isEqualTo(size);
            }
        }
        if (UNZIP) {
            run("unzip", "-tqq", archive.toString(), name);
        }
        if (PYTHON) {
            run(
                    "python3",
                    "-c",
                    "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).read(sys.argv[2])",
                    archive.toString(),
                    name);
        }
        if (BSDTAR) {
            run("bsdtar", "-xOf", archive.toString(), name);
        }
    }

    private static Found read(ZipEntry entry, InputStream content) throws IOException {
        CRC32 crc = new CRC32();
        long size = 0;
        byte[] part = new byte[1 << 16];
        for (int n = content.read(part); n >= 0; n = content.read(part)) {
            crc.update(part, 0, n);
            size += n;
        }
        assertThat(entry.getSize()).as("size of %s", entry).isEqualTo(size);
        assertThat(entry.getCrc()).as("CRC of %s", entry).isEqualTo(crc.getValue());
        return new Found(entry.getName(), size, crc.getValue());
    }

    private static void run(String... command) throws IOException {
        Path output = Files.createTempFile("reader", ".txt");
        try {
            ProcessBuilder builder = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(
                            command[0].equals("bsdtar")
                                    ? ProcessBuilder.Redirect.DISCARD
                                    : ProcessBuilder.Redirect.to(output.toFile()));
            builder.environment().put("LC_ALL", "C.UTF-8");
            assertThat(builder.start().waitFor())
                    .as("%s: %s", String.join(" ", command), Files.readString(output))
                    .isZero();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        } finally {
            Files.delete(output);
        }
    }

    private static boolean onPath(String tool) {
        return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, tool)));
    }
}
