package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

/** What is put in comes out again, whatever the names and sizes. */
class ZipStreamPropertyTest {

    private static final int TRIES = 150;

    /** The cap of an image in the gateway, as the largest size worth trying. */
    private static final int CAP = 5 * 1024 * 1024;

    private static final List<Integer> EDGES =
            List.of(0, 1, 2, TestEntries.BUFFER - 1, TestEntries.BUFFER, TestEntries.BUFFER + 1);

    @Test
    void readersFindEveryNameAndSize() {
        Seeds.each(TRIES, random -> {
            List<String> wishes = Wishes.list(random);
            assertFound(wishes, sizes(wishes.size(), random));
        });
    }

    private static void assertFound(List<String> wishes, List<Integer> sizes) throws IOException {
        TrackedBuffers buffers = new TrackedBuffers();
        TestEntries entries = new TestEntries(buffers);
        EntryNames names = new EntryNames();
        List<String> claimed = new ArrayList<>();
        wishes.forEach(wanted -> claimed.add(names.claim(wanted, "jpg")));

        ByteArrayOutputStream archive = new ByteArrayOutputStream();
        StepVerifier.create(ZipStream.of(
                        Flux.range(0, claimed.size()).map(i -> entries.entry(claimed.get(i), sizes.get(i))), buffers))
                .thenConsumeWhile(buffer -> true, buffer -> archive.writeBytes(TrackedBuffers.drain(buffer)))
                .verifyComplete();

        buffers.assertAllReleased();
        assertReadersFind(archive.toByteArray(), claimed, sizes);
    }

    private static void assertReadersFind(byte[] archive, List<String> names, List<Integer> sizes) throws IOException {
        Path file = Files.write(Files.createTempFile("archive", ".zip"), archive);
        try {
            List<ArchiveReaders.Found> found = ArchiveReaders.readSeeking(file);
            assertThat(ArchiveReaders.readStreaming(file)).isEqualTo(found);
            assertThat(found).extracting(ArchiveReaders.Found::name).isEqualTo(names);
            assertThat(found).extracting(entry -> (int) entry.size()).isEqualTo(sizes);
        } finally {
            Files.delete(file);
        }
    }

    /** Half of them where a buffer begins or ends, one in twenty as large as may be. */
    private static List<Integer> sizes(int count, Random random) {
        List<Integer> sizes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int kind = random.nextInt(20);
            sizes.add(kind < 10 ? EDGES.get(random.nextInt(EDGES.size())) : kind < 19 ? random.nextInt(100_001) : CAP);
        }
        return sizes;
    }
}
