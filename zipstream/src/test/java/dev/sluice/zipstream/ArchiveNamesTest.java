package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;

/** Names in every script are listed as they were given, by every tool that is installed here. */
class ArchiveNamesTest {
    private static final List<String> NAMES =
            List.of("größe 日本.jpg", "пляж.png", "ολα/καλα.gif", "שלום.webp", "plain.txt", "🐈 café.png");

    /** For each entry: host system, mode, name. */
    private static final String PYTHON_LISTS = """
            import sys, zipfile
            for i in zipfile.ZipFile(sys.argv[1]).infolist(): print(i.create_system, oct(i.external_attr >> 16), i.filename)
            """;

    @TempDir
    private static Path directory;

    private static Path archive;

    @BeforeAll
    static void write() throws IOException {
        archive = directory.resolve("names.zip");
        Files.write(archive, streamed());
    }

    private static byte[] streamed() {
        Flux<ArchiveEntry> entries = Flux.fromIterable(NAMES)
                .map(name -> new ArchiveEntry(
                        name,
                        1,
                        0xE8B7BE43L, // of the letter a
                        Instant.parse("2026-01-02T03:04:06Z"),
                        Flux.defer(() -> Flux.just(
                                DefaultDataBufferFactory.sharedInstance.wrap("a".getBytes(StandardCharsets.US_ASCII)))),
                        Disposables.disposed()));
        return joined(ZipStream.of(entries, DefaultDataBufferFactory.sharedInstance));
    }

    private static byte[] laidOut() {
        List<EntryHeader> entries = NAMES.stream()
                .map(name -> new EntryHeader(name, 1, 0xE8B7BE43L, Instant.parse("2026-01-02T03:04:06Z")))
                .toList();
        ArchiveLayout layout = ArchiveLayout.of(entries);
        return joined(layout.bytes(
                0,
                layout.length(),
                payload -> Flux.just(
                        DefaultDataBufferFactory.sharedInstance.wrap("a".getBytes(StandardCharsets.US_ASCII))),
                DefaultDataBufferFactory.sharedInstance));
    }

    private static byte[] joined(Flux<DataBuffer> bytes) {
        DataBuffer all = DataBufferUtils.join(bytes).blockOptional().orElseThrow();
        byte[] copy = new byte[all.readableByteCount()];
        all.read(copy);
        return copy;
    }

    static Stream<Arguments> tools() {
        String jar = Path.of(System.getProperty("java.home"), "bin", "jar").toString();
        return Stream.of(
                Arguments.of(List.of("unzip", "-Z1")),
                Arguments.of(List.of("unzip", "-l")),
                Arguments.of(List.of("7z", "l", "-ba")),
                Arguments.of(List.of("7zz", "l", "-ba")),
                Arguments.of(List.of("bsdtar", "-tf")),
                Arguments.of(List.of(jar, "tf")),
                Arguments.of(List.of("python3", "-c", PYTHON_LISTS)));
    }

    @ParameterizedTest
    @MethodSource("tools")
    void everyToolListsTheNamesAsTheyAre(List<String> tool) throws IOException, InterruptedException {
        assertThat(listed(tool)).contains(NAMES);
    }

    @Test
    void filesAreThoseOfAUnixHost() throws IOException, InterruptedException {
        assertThat(listed(List.of("python3", "-c", PYTHON_LISTS)).lines())
                .hasSize(NAMES.size())
                .allMatch(line -> line.startsWith("3 0o100644 "));
    }

    @Test
    void hostAndModeStandInTheDirectoryAlike() {
        byte[] bytes = streamed();
        assertThat(laidOut()).isEqualTo(bytes);
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int directoryAt = buffer.getInt(bytes.length - 6);
        assertThat(buffer.getInt(directoryAt)).isEqualTo(0x02014b50);
        assertThat(buffer.get(directoryAt + 5)).as("version made by: host").isEqualTo((byte) 3);
        assertThat(buffer.getInt(directoryAt + 38) >>> 16).as("mode").isEqualTo(0100644);
    }

    private static String listed(List<String> tool) throws IOException, InterruptedException {
        assumeTrue(isInstalled(tool.getFirst()), tool.getFirst() + " is not installed");
        List<String> command = new ArrayList<>(tool);
        command.add(archive.toString());
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(Map.of("LC_ALL", "C.UTF-8", "PYTHONIOENCODING", "utf-8"));
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    private static boolean isInstalled(String tool) {
        return tool.startsWith("/")
                || Stream.of(System.getenv("PATH").split(":", -1))
                        .anyMatch(each -> Files.isExecutable(Path.of(each, tool)));
    }
}
