package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.apache.commons.compress.utils.SeekableInMemoryByteChannel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ArchiveLayoutTest {

    private static final EntryHeader CAT = header("cat.jpg", 3, 7, "2026-07-01T12:34:56Z");
    private static final EntryHeader DOG = header("dog.jpg", 5, 9, "2026-07-02T12:34:56Z");

    @Test
    void everyReaderFindsWhatWasLaidOut() throws IOException {
        LaidOut archive = LaidOut.of(
                LaidOut.file("cat.jpg", 100_000),
                LaidOut.file("empty.png", 0),
                LaidOut.file("one byte.gif", 1),
                LaidOut.file("dir/\u00FCber \u732B \uD83D\uDE00.webp", 65_536));

        assertThat(ArchiveReaders.readAll(archive.whole()))
                .extracting(ArchiveReaders.Found::name, ArchiveReaders.Found::size)
                .containsExactly(
                        tuple("cat.jpg", 100_000L),
                        tuple("empty.png", 0L),
                        tuple("one byte.gif", 1L),
                        tuple("dir/\u00FCber \u732B \uD83D\uDE00.webp", 65_536L));
        assertCommonsCompressReads(archive);
    }

    /** Both ways of making an archive are one format. */
    @Test
    void bytesAreThoseOfZipStream() {
        Seeds.each(100, random -> {
            EntryNames names = new EntryNames();
            List<LaidOut.File> files = new ArrayList<>();
            Wishes.list(random)
                    .forEach(wish -> files.add(LaidOut.file(names.claim(wish, "jpg"), random.nextInt(3_000))));
            files.add(LaidOut.file("last.bin", 0));
            LaidOut archive = LaidOut.of(files.toArray(LaidOut.File[]::new));

            byte[] streamed = archive.streamed();

            assertThat(archive.layout().length()).isEqualTo(streamed.length);
            assertThat(archive.whole()).isEqualTo(streamed);
        });
    }

    @Test
    void everyRangeIsThatPartOfTheWhole() {
        LaidOut archive = LaidOut.of(LaidOut.file("a", 9), LaidOut.file("empty", 0), LaidOut.file("b", 4));
        byte[] whole = archive.streamed();
        for (int from = 0; from <= whole.length; from++) {
            for (int to = from; to <= whole.length; to++) {
                archive.assertRange(whole, from, to);
            }
        }
    }

    @Test
    void anyRangeOfALargeArchiveIsThatPartOfTheWhole() {
        LaidOut archive = LaidOut.of(IntStream.range(0, 40)
                .mapToObj(i -> LaidOut.file("e" + i, i % 7 == 0 ? 0 : i * 997))
                .toArray(LaidOut.File[]::new));
        byte[] whole = archive.streamed();
        Seeds.each(500, random -> {
            int from = random.nextInt(whole.length);
            archive.assertRange(whole, from, from + random.nextInt(whole.length - from + 1));
        });
    }

    @Test
    void rangesAtEveryBorderOfManyEntriesAreThatPartOfTheWhole() {
        LaidOut archive = LaidOut.of(IntStream.range(0, 500)
                .mapToObj(i -> LaidOut.file("image (" + i + ").jpg", i % 5))
                .toArray(LaidOut.File[]::new));
        byte[] whole = archive.streamed();
        Set<Integer> edges = new TreeSet<>();
        archive.layout().segments().forEach(segment -> {
            for (int beside = -1; beside <= 1; beside++) {
                edges.add(Math.max(0, (int) segment.position() + beside));
            }
        });
        edges.addAll(Set.of(whole.length - 1, whole.length));

        Random random = new Random(500);
        List<Integer> all = List.copyOf(edges);
        for (int i = 0; i < all.size(); i++) {
            int near = Math.min(all.size() - 1, i + random.nextInt(9));
            archive.assertRange(whole, all.get(i), all.get(near));
        }
        for (int i = 0; i < all.size(); i += 50) {
            archive.assertRange(whole, 0, all.get(i));
            archive.assertRange(whole, all.get(i), whole.length);
        }
    }

    @Test
    void segmentsOfASliceSayWhereTheirBytesAre() {
        ArchiveLayout layout = ArchiveLayout.of(List.of(CAT, DOG));
        int header = 30 + "cat.jpg".length();

        assertThat(layout.slice(header + 1, 2 + header + 2))
                .satisfiesExactly(
                        end -> assertThat(end).isEqualTo(new ArchiveSegment.Payload(header + 1, 0, 1, 2)),
                        dog -> {
                            assertThat(dog.position()).isEqualTo(header + 3);
                            assertThat(dog)
                                    .isEqualTo(layout.segments().get(2))
                                    .isInstanceOfSatisfying(
                                            ArchiveSegment.Bytes.class,
                                            bytes -> assertThat(StandardCharsets.UTF_8
                                                            .decode(bytes.bytes()
                                                                    .slice(30, 7))
                                                            .toString())
                                                    .isEqualTo("dog.jpg"));
                        },
                        start -> assertThat(start).isEqualTo(new ArchiveSegment.Payload(header + 3 + header, 1, 0, 2)));
        assertThat(layout.slice(0, layout.length())).isEqualTo(layout.segments());
        assertThat(layout.slice(layout.length(), 0)).isEmpty();
    }

    @Test
    void readingASegmentDoesNotMoveIt() {
        ArchiveLayout layout = ArchiveLayout.of(List.of(CAT));
        ArchiveSegment.Bytes bytes = (ArchiveSegment.Bytes) layout.segments().getFirst();
        bytes.bytes().getLong();
        assertThat(bytes.length()).isEqualTo(37);
        assertThat(bytes.bytes().isReadOnly()).isTrue();
        assertThat(bytes.bytes().remaining()).isEqualTo(37);
    }

    @ParameterizedTest
    @CsvSource({"-1, 1", "0, -1", "0, 109", "107, 2", "108, 1", "109, 0", "1, 9223372036854775807"})
    void rangesOutsideAreRefused(long position, long count) {
        ArchiveLayout layout = ArchiveLayout.of(List.of(header("a", 8, 1, "2026-07-01T12:34:56Z")));
        assertThat(layout.length()).isEqualTo(31 + 8 + 47 + 22);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> layout.slice(position, count))
                .withMessage("slice: " + count + " bytes from " + position + " (expected: within 108 bytes)");
    }

    @Test
    void whatIsNoArchiveIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ArchiveLayout.of(List.of()))
                .withMessage("entries: none (expected: at least one)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ArchiveLayout.of(List.of(CAT, DOG, CAT)))
                .withMessage("name: 'cat.jpg' twice in one archive");
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        ArchiveLayout.of(List.of(CAT, header("x", Long.MAX_VALUE, 1, "2026-07-01T12:34:56Z"), DOG)))
                .withMessage("entries: more than 1099511627776 bytes with 'x' of 9223372036854775807"
                        + " (expected: at most so many in all)");
    }

    @Test
    void equalEntriesHaveEqualFingerprintsAndOthersOthers() {
        List<List<EntryHeader>> different = List.of(
                List.of(CAT, DOG),
                List.of(DOG, CAT),
                List.of(CAT),
                List.of(CAT, header("dog.jpeg", 5, 9, "2026-07-02T12:34:56Z")),
                List.of(CAT, header("Dog.jpg", 5, 9, "2026-07-02T12:34:56Z")),
                List.of(CAT, header("dog.jpg", 6, 9, "2026-07-02T12:34:56Z")),
                List.of(CAT, header("dog.jpg", 5, 8, "2026-07-02T12:34:56Z")),
                List.of(CAT, header("dog.jpg", 5, 9, "2026-07-02T12:34:58Z")));

        assertThat(different)
                .extracting(entries -> ArchiveLayout.of(entries).fingerprint())
                .doesNotHaveDuplicates()
                .allMatch(text -> text.matches("[0-9a-f]{64}"));
        assertThat(different)
                .allSatisfy(entries -> assertThat(
                                ArchiveLayout.of(List.copyOf(entries)).fingerprint())
                        .isEqualTo(ArchiveLayout.of(entries).fingerprint()));
    }

    /** So equal bytes have equal ones, as an entity tag wants it. */
    @Test
    void timesThatTheFormatCannotTellApartHaveOneFingerprint() {
        assertThat(ArchiveLayout.of(List.of(header("a", 5, 9, "2026-07-02T12:34:57.9Z")))
                        .fingerprint())
                .isEqualTo(ArchiveLayout.of(List.of(header("a", 5, 9, "2026-07-02T12:34:56Z")))
                        .fingerprint());
    }

    @Test
    void fingerprintIsOfAllThatIsNotPayload() throws NoSuchAlgorithmException {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        LaidOut archive = LaidOut.of(LaidOut.file("a", 700), LaidOut.file("b", 0));
        byte[] whole = archive.streamed();
        digest.update(whole, 0, 31);
        digest.update(whole, 731, whole.length - 731);

        assertThat(archive.layout().fingerprint()).isEqualTo(HexFormat.of().formatHex(digest.digest()));
    }

    private static void assertCommonsCompressReads(LaidOut archive) throws IOException {
        try (ZipFile zip = ZipFile.builder()
                .setSeekableByteChannel(new SeekableInMemoryByteChannel(archive.whole()))
                .get()) {
            List<byte[]> found = new ArrayList<>();
            for (ZipArchiveEntry entry : Collections.list(zip.getEntries())) {
                found.add(zip.getInputStream(entry).readAllBytes());
            }
            assertThat(found).containsExactlyElementsOf(archive.contents());
        }
    }

    private static EntryHeader header(String name, long size, long crc32, String modified) {
        return new EntryHeader(name, size, crc32, Instant.parse(modified));
    }
}
