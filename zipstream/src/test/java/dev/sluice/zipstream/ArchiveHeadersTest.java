package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;

class ArchiveHeadersTest {

    private final ArchiveHeaders headers = new ArchiveHeaders();

    @ParameterizedTest
    @CsvSource({
        "0, 10, 0, 0",
        "1, 10, 1, 0",
        "4294967294, 10, 4294967294, 0",
        "4294967295, 45, 4294967295, 20",
        "4294967296, 45, 4294967295, 20"
    })
    void localHeaderSaysTheSizeWhereTheFormatWantsIt(long size, int version, long inHeader, int extraBytes) {
        ByteBuffer header = ByteBuffer.wrap(
                        headers.localHeader(entry("a.bin", size).header()))
                .order(ByteOrder.LITTLE_ENDIAN);

        assertThat(header.getShort(4)).as("version needed").isEqualTo((short) version);
        assertThat(header.getShort(6)).as("flags: UTF-8, no data descriptor").isEqualTo((short) 0x0800);
        assertThat(header.getShort(8)).as("method: stored").isZero();
        assertThat(header.getInt(14)).as("CRC").isEqualTo(0xCAFEBABE);
        assertThat(Integer.toUnsignedLong(header.getInt(18)))
                .as("compressed size")
                .isEqualTo(inHeader);
        assertThat(Integer.toUnsignedLong(header.getInt(22))).as("size").isEqualTo(inHeader);
        assertThat(header.getShort(28)).as("length of the extra field").isEqualTo((short) extraBytes);
        if (extraBytes > 0) {
            assertThat(header.getLong(30 + 5 + 4)).as("size in the zip64 field").isEqualTo(size);
        }
    }

    @Test
    void sinkRefusesAWriterThatKeepsPayloadBack() throws IOException {
        HeaderWriter.Sink sink = new HeaderWriter.Sink();
        assertThat(sink.phantom(10).read(new byte[8])).isEqualTo(8);
        sink.write(new byte[5], 0, 5);

        assertThatIllegalStateException()
                .isThrownBy(sink::takeHeader)
                .withMessage("archive writer: 3 bytes read as payload and not written");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "/a",
                "a/",
                "a//b",
                "..",
                "../a",
                "a/../b",
                "./a",
                "a\\b",
                "a\u0000b",
                ".",
                "a/.",
                "\uD83D",
                "a\uD83Db",
                "\uDE00",
                "\uDE00\uD83D",
                "\uD83D\uD83D\uDE00"
            })
    void namesThatCouldHarmAreNoEntries(String name) {
        assertThatIllegalArgumentException().isThrownBy(() -> entry(name, 1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "a/b", "...", ".a", "a..", "a/..b", "..a/b", "\u00FC\u20AC\uD83D\uDE00"})
    void namesThatOnlyLookSoAreEntries(String name) {
        assertThat(entry(name, 1).name()).isEqualTo(name);
    }

    @Test
    void namesAreAsLongAsTheFormatCanHold() {
        for (String letter : new String[] {"a", "\u00FC", "\u20AC", "\uD83D\uDE00"}) {
            int bytes = letter.getBytes(StandardCharsets.UTF_8).length;
            String longest = letter.repeat(65_535 / bytes) + "a".repeat(65_535 % bytes);
            assertThat(entry(longest, 1).name()).isEqualTo(longest);
            assertThatIllegalArgumentException().isThrownBy(() -> entry(longest + "a", 1));
        }
    }

    @Test
    void valuesTheFormatCannotHoldAreNoEntries() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> entry("a", -1))
                .withMessage("size: -1 (expected: 0 or more)");
        assertThatIllegalArgumentException().isThrownBy(() -> entry("\u00FC".repeat(32_768), 1));
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> new ArchiveEntry("a", 1, 1L << 32, Instant.EPOCH, Flux.empty(), Disposables.disposed()))
                .withMessage("crc32: 4294967296 (expected: 0 to 4294967295)");
    }

    private static ArchiveEntry entry(String name, long size) {
        return new ArchiveEntry(name, size, 0xCAFEBABEL, Instant.EPOCH, Flux.never(), Disposables.disposed());
    }
}
