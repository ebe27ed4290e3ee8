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

    private static final int EMPTY_ARCHIVE_BYTES = 22;
    private static final String PYTHON_READS = """
            import sys, zipfile
            archive = zipfile.ZipFile(sys.argv[1])
            for name in sys.argv[2:] or archive.namelist():
                with archive.open(name) as entry:
                    while entry.read(1 << 20):
                        pass
            """;
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
        try (Tools tools = startTools(archive)) {
            List<Found> found = readSeeking(archive);
            assertThat(readStreaming(archive)).as("ZipInputStream and ZipFile").isEqualTo(found);
            tools.assertContent();
            return found;
        }
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

    /** One entry only, found through the central directory: for archives that take long to read whole. */
    static void assertToolsRead(Path archive, String name, long size) throws IOException {
        try (Tools tools = startTools(archive, name);
                ZipFile zip = new ZipFile(archive.toFile())) {
            ZipEntry entry = zip.getEntry(name);
            try (InputStream content = zip.getInputStream(entry)) {
                assertThat(read(entry, content).size()).isEqualTo(size);
            }
            tools.assertContent();
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

    /** All at once, as they take long for a large archive. No entries given means all. */
    private static Tools startTools(Path archive, String... entries) throws IOException {
        Tools tools = new Tools(new ArrayList<>());
        // unzip calls an archive of nothing but an end record a warning.
        if (UNZIP && Files.size(archive) > EMPTY_ARCHIVE_BYTES) {
            tools.start(archive, List.of("unzip", "-tqq"), entries);
        }
        if (PYTHON) {
            tools.start(archive, List.of("python3", "-c", PYTHON_READS), entries);
        }
        if (BSDTAR) {
            tools.start(archive, List.of("bsdtar", "-xOf"), entries);
        }
        return tools;
    }

    private record Tool(String command, Process process, Path complaints) {}

    private record Tools(List<Tool> running) implements AutoCloseable {

        void start(Path archive, List<String> command, String... entries) throws IOException {
            List<String> whole = new ArrayList<>(command);
            whole.add(archive.toString());
            whole.addAll(Arrays.asList(entries));
            Path complaints = Files.createTempFile("reader", ".txt");
            ProcessBuilder builder = new ProcessBuilder(whole)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(complaints.toFile());
            builder.environment().put("LC_ALL", "C.UTF-8");
            running.add(new Tool(String.join(" ", whole), builder.start(), complaints));
        }

        /** None of them complains. */
        void assertContent() throws IOException {
            for (Tool tool : running) {
                int status = tool.process().onExit().join().exitValue();
                assertThat(status)
                        .as("%s: %s", tool.command(), Files.readString(tool.complaints()))
                        .isZero();
            }
        }

        @Override
        public void close() throws IOException {
            for (Tool tool : running) {
                tool.process().destroyForcibly().onExit().join();
                Files.delete(tool.complaints());
            }
        }
    }

    private static boolean onPath(String tool) {
        return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, tool)));
    }
}
