package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.TimeZone;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Headers made of templates are, byte for byte, those that commons-compress writes. */
class HeaderTemplatesTest {

    private static final long FOUR_GIB = 1L << 32;

    /** In bytes; of longer ones the library refuses some, as a central record is to be no longer than 65,535. */
    private static final int LONGEST_NAME = 65_535 - 46;

    /** Seconds of a time that the format can hold: 1980 to 2107. */
    private static final long FIRST_SECOND =
            Instant.parse("1980-01-01T00:00:00Z").getEpochSecond();

    private static final long LAST_SECOND =
            Instant.parse("2107-12-31T23:59:58Z").getEpochSecond();

    /** Later times the library puts into a field of their own besides. */
    private static final long LAST_PLAIN_SECOND =
            Instant.parse("2097-01-01T00:00:00Z").getEpochSecond();

    @Test
    void archivesOfAnyEntriesHaveTheBytesOfTheWriter() {
        Seeds.each(200, random -> {
            List<EntryHeader> entries = new ArrayList<>();
            for (String name : names(random)) {
                entries.add(new EntryHeader(name, size(random), random.nextLong(FOUR_GIB), anyTime(random)));
            }
            assertSameBytes(entries);
        });
    }

    /** The limits are reached by one size, by an offset, and by the end of the directory alone. */
    @ParameterizedTest
    @ValueSource(longs = {1, 31, 47, 78, 100, 132, 178, 210, 256})
    void archivesOnBothSidesOfFourGibibytesHaveTheBytesOfTheWriter(long below) {
        for (long size = FOUR_GIB - below - 2; size <= FOUR_GIB - below + 2; size++) {
            assertSameBytes(List.of(entry("a", size)));
            assertSameBytes(List.of(entry("a", size), entry("b", 0)));
            assertSameBytes(List.of(entry("a", 5), entry("b", size), entry("c", 7)));
            assertSameBytes(List.of(entry("a", size / 2), entry("b", size - size / 2), entry("c", 0), entry("d", 1)));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 65_533, 65_534, 65_535, 65_536})
    void archivesOfManyEntriesHaveTheBytesOfTheWriter(int count) {
        assertSameBytes(
                IntStream.range(0, count).mapToObj(i -> entry("e" + i, i % 3)).toList());
    }

    @Test
    void namesOfAnyLengthHaveTheBytesOfTheWriter() {
        for (String letter : List.of("a", "\u00FC", "\u20AC", "\uD83D\uDE00")) {
            int bytes = letter.getBytes(StandardCharsets.UTF_8).length;
            assertSameBytes(List.of(entry(letter.repeat(LONGEST_NAME / bytes), 1), entry(letter, 2)));
        }
    }

    /**
     * That writer skips payload and stamps times; here the library is used as anybody uses it, with the times for which
     * it adds no field of its own.
     */
    @Test
    void archivesOfAnyEntriesAreThoseThatCommonsCompressWritesByItself() throws IOException {
        TimeZone zone = TimeZone.getDefault();
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        try {
            Seeds.each(200, HeaderTemplatesTest::assertSameArchive);
        } finally {
            TimeZone.setDefault(zone);
        }
    }

    @Test
    void aNameTwiceIsRefusedOnBothSidesOfTheLimits() {
        ArchiveHeaders headers = new ArchiveHeaders();
        headers.localHeader(entry("a", 1));
        headers.localHeader(entry("b", FOUR_GIB));
        headers.localHeader(entry("c", 1));
        for (String taken : List.of("a", "b", "c")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> headers.localHeader(entry(taken, 2)))
                    .withMessage("name: '" + taken + "' twice in one archive");
        }
    }

    private static void assertSameBytes(List<EntryHeader> entries) {
        ArchiveHeaders headers = new ArchiveHeaders();
        HeaderWriter writer = new HeaderWriter();
        for (EntryHeader entry : entries) {
            byte[] expected = writer.localHeader(entry);
            byte[] header = headers.localHeader(entry);
            // AssertJ takes a hundred times as long to find equal arrays equal.
            if (!Arrays.equals(header, expected)) {
                assertThat(header).as("local header of %s", entry).isEqualTo(expected);
            }
        }
        byte[] expected = writer.trailer();
        byte[] trailer = headers.trailer();
        if (!Arrays.equals(trailer, expected)) {
            assertThat(trailer).as("directory of %s", entries).isEqualTo(expected);
        }
    }

    private static void assertSameArchive(Random random) throws IOException {
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        ByteArrayOutputStream found = new ByteArrayOutputStream();
        ArchiveHeaders headers = new ArchiveHeaders();
        try (ZipArchiveOutputStream library = new ZipArchiveOutputStream(expected)) {
            for (String name : names(random)) {
                byte[] content = new byte[random.nextInt(100)];
                random.nextBytes(content);
                Instant time = Instant.ofEpochSecond(random.nextLong(FIRST_SECOND, LAST_PLAIN_SECOND) / 2 * 2);
                EntryHeader entry = new EntryHeader(name, content.length, crc(content), time);
                put(entry, content, library);
                found.writeBytes(headers.localHeader(entry));
                found.writeBytes(content);
            }
        }
        found.writeBytes(headers.trailer());
        assertThat(HexFormat.of().formatHex(found.toByteArray()))
                .isEqualTo(HexFormat.of().formatHex(expected.toByteArray()));
    }

    private static void put(EntryHeader entry, byte[] content, ZipArchiveOutputStream library) throws IOException {
        ZipArchiveEntry described = new ZipArchiveEntry(entry.name());
        described.setMethod(ZipEntry.STORED);
        described.setSize(entry.size());
        described.setCrc(entry.crc32());
        described.setTime(entry.lastModified().toEpochMilli());
        described.setUnixMode(0100644);
        library.putArchiveEntry(described);
        library.write(content);
        library.closeArchiveEntry();
    }

    private static long crc(byte[] content) {
        CRC32 crc = new CRC32();
        crc.update(content);
        return crc.getValue();
    }

    /** Up to 20 names that differ: of ASCII, of letters beyond, of what is outside the first 65,536 characters. */
    private static List<String> names(Random random) {
        EntryNames names = new EntryNames();
        return Wishes.list(random).stream()
                .map(wanted -> names.claim(wanted, "jpg"))
                .toList();
    }

    /** Nine in ten as an image has it, the others around all that 32 bits can say. */
    private static long size(Random random) {
        return random.nextInt(10) > 0 ? random.nextInt(5_000_000) : FOUR_GIB - 300 + random.nextInt(600);
    }

    /** A third of them before 1980, a third after 2107, to the nanosecond. */
    private static Instant anyTime(Random random) {
        long years = LAST_SECOND - FIRST_SECOND;
        return Instant.ofEpochSecond(FIRST_SECOND + random.nextLong(-years, 2 * years), random.nextInt(1_000_000_000));
    }

    private static EntryHeader entry(String name, long size) {
        return new EntryHeader(name, size, 0xCAFEBABEL, Instant.parse("2026-07-01T12:34:56Z"));
    }
}
