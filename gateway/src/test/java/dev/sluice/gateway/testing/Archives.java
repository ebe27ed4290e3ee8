package dev.sluice.gateway.testing;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;

/** Reads archives as others do: by the central directory, as a stream, and with {@code unzip} where it is. */
public final class Archives {
    private Archives() {}

    /** The entries in order; fails unless every reader agrees. */
    public static SequencedMap<String, byte[]> read(byte[] archive) {
        try {
            SequencedMap<String, byte[]> streamed = streamed(archive);
            Path file = Files.createTempFile("archive", ".zip");
            try {
                Files.write(file, archive);
                checkCentralDirectory(file, streamed);
                checkWithUnzip(file);
            } finally {
                Files.delete(file);
            }
            return streamed;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static SequencedMap<String, byte[]> streamed(byte[] archive) throws IOException {
        SequencedMap<String, byte[]> entries = new LinkedHashMap<>();
        try (ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(archive))) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                if (entries.put(entry.getName(), in.readAllBytes()) != null) {
                    throw new AssertionError("two entries named " + entry.getName());
                }
            }
        }
        return entries;
    }

    private static void checkCentralDirectory(Path file, SequencedMap<String, byte[]> streamed) throws IOException {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            List<String> names = zip.stream().map(ZipEntry::getName).toList();
            if (!names.equals(List.copyOf(streamed.keySet()))) {
                throw new AssertionError("central directory " + names + ", local headers " + streamed.keySet());
            }
            for (ZipEntry entry : zip.stream().map(ZipEntry.class::cast).toList()) {
                byte[] content = zip.getInputStream(entry).readAllBytes();
                if (!Arrays.equals(content, streamed.get(entry.getName()))) {
                    throw new AssertionError("two contents of " + entry.getName());
                }
            }
        }
    }

    private static void checkWithUnzip(Path file) throws IOException {
        if (!Files.isExecutable(Path.of("/usr/bin/unzip"))) {
            return;
        }
        Process unzip = new ProcessBuilder("/usr/bin/unzip", "-tqq", file.toString())
                .redirectErrorStream(true)
                .start();
        try {
            String said = new String(unzip.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            if (!unzip.waitFor(30, TimeUnit.SECONDS) || unzip.exitValue() != 0) {
                throw new AssertionError("unzip -t: " + said);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }
}
