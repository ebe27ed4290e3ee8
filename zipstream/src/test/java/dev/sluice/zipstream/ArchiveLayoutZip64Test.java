package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.junit.jupiter.api.Test;

/**
 * Layouts beyond the format's first limits (APPNOTE 4.5.3, 4.3.14). No payload is made: a reader is given the headers,
 * and zeros wherever it looks for content.
 */
class ArchiveLayoutZip64Test {

    private static final long GIB = 1L << 30;

    @Test
    void aReaderFindsAnEntryOfFiveGibibytesAndWhatIsAfterIt() throws IOException {
        ArchiveLayout layout =
                ArchiveLayout.of(List.of(entry("a.txt", 3), entry("huge.bin", 5 * GIB), entry("z.txt", 7)));
        int plain = 30 + 5;
        int zip64 = 30 + 8 + 20;
        long directory = layout.segments().getLast().position();

        assertThat(directory).isEqualTo(plain + 3 + zip64 + 5 * GIB + plain + 7);
        assertReaderFindsAllOf(layout);
    }

    @Test
    void aReaderFindsSeventyThousandEntries() throws IOException {
        assertReaderFindsAllOf(ArchiveLayout.of(
                IntStream.range(0, 70_000).mapToObj(i -> entry("e" + i, i % 3)).toList()));
    }

    @Test
    void aReaderFindsEntriesOnBothSidesOfTheFirstLimits() throws IOException {
        for (long size : new long[] {4 * GIB - 2, 4 * GIB - 1, 4 * GIB}) {
            assertReaderFindsAllOf(ArchiveLayout.of(List.of(entry("large.bin", size), entry("next.bin", size))));
        }
        int count = 65_535;
        assertReaderFindsAllOf(ArchiveLayout.of(
                IntStream.range(0, count).mapToObj(i -> entry("e" + i, 0)).toList()));
    }

    @Test
    void rangesBeyondFourGibibytesAreCutWhereTheyShould() {
        ArchiveLayout layout = ArchiveLayout.of(List.of(entry("huge.bin", 900 * GIB), entry("z.txt", 124 * GIB)));
        int header = 30 + 8 + 20;

        assertThat(layout.slice(header + 5 * GIB, 6 * GIB))
                .containsExactly(new ArchiveSegment.Payload(header + 5 * GIB, 0, 5 * GIB, 6 * GIB));
        assertThat(layout.slice(900 * GIB, 100 * GIB))
                .hasSize(3)
                .startsWith(new ArchiveSegment.Payload(900 * GIB, 0, 900 * GIB - header, header))
                .endsWith(new ArchiveSegment.Payload(
                        900 * GIB + header + header - 3, 1, 0, 100 * GIB - header - (header - 3)));
    }

    /** Reads every header, and of the last entry the content too. */
    private static void assertReaderFindsAllOf(ArchiveLayout layout) throws IOException {
        try (ZipFile zip = ZipFile.builder()
                .setSeekableByteChannel(new HollowArchive(layout))
                .get()) {
            List<ZipArchiveEntry> found = Collections.list(zip.getEntries());
            assertThat(found.stream().map(ZipArchiveEntry::getName))
                    .containsExactlyElementsOf(
                            layout.entries().stream().map(EntryHeader::name).toList());
            assertThat(found.stream().map(ZipArchiveEntry::getSize))
                    .containsExactlyElementsOf(
                            layout.entries().stream().map(EntryHeader::size).toList());
            assertThat(found).allSatisfy(entry -> assertThat(entry.getCrc()).isEqualTo(0xCAFE));
            assertThat(nonEmpty(found).map(ZipArchiveEntry::getDataOffset))
                    .containsExactlyElementsOf(payloadPositions(layout));
            ZipArchiveEntry last = found.getLast();
            if (last.getSize() < GIB) {
                try (InputStream content = zip.getRawInputStream(last)) {
                    assertThat(content.readAllBytes()).isEqualTo(new byte[(int) last.getSize()]);
                }
            }
        }
    }

    private static Stream<ZipArchiveEntry> nonEmpty(List<ZipArchiveEntry> entries) {
        return entries.stream().filter(entry -> entry.getSize() > 0);
    }

    private static List<Long> payloadPositions(ArchiveLayout layout) {
        return layout.segments().stream()
                .filter(ArchiveSegment.Payload.class::isInstance)
                .map(ArchiveSegment::position)
                .toList();
    }

    private static EntryHeader entry(String name, long size) {
        return new EntryHeader(name, size, 0xCAFE, Instant.EPOCH);
    }
}
