package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.Size;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

/** What is put in comes out again, whatever the names and sizes. */
class ZipStreamPropertyTest {

    /** The cap of an image in the gateway, as the largest size worth trying. */
    private static final int CAP = 5 * 1024 * 1024;

    @Property(tries = 150)
    void readersFindEveryNameAndSize(@ForAll @Size(max = 20) List<String> wishes, @ForAll("sizes") List<Integer> sizes)
            throws IOException {
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
        assertFound(archive.toByteArray(), claimed, sizes);
    }

    private static void assertFound(byte[] archive, List<String> names, List<Integer> sizes) throws IOException {
        Path file = Files.write(Files.createTempFile("archive", ".zip"), archive);
        try {
            List<ArchiveReaders.Found> found = ArchiveReaders.readSeeking(file);
            assertThat(ArchiveReaders.readStreaming(file)).isEqualTo(found);
            assertThat(found).extracting(ArchiveReaders.Found::name).isEqualTo(names);
            assertThat(found).extracting(entry -> (int) entry.size()).isEqualTo(sizes.subList(0, names.size()));
        } finally {
            Files.delete(file);
        }
    }

    @Provide
    Arbitrary<List<Integer>> sizes() {
        Arbitrary<Integer> edges =
                Arbitraries.of(0, 1, 2, TestEntries.BUFFER - 1, TestEntries.BUFFER, TestEntries.BUFFER + 1);
        Arbitrary<Integer> any = Arbitraries.integers().between(0, 100_000);
        return Arbitraries.frequencyOf(Tuple.of(10, edges), Tuple.of(9, any), Tuple.of(1, Arbitraries.just(CAP)))
                .list()
                .ofSize(20);
    }
}
