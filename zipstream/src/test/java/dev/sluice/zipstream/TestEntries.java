package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;

/** Entries with random content, made of buffers that are allocated as they are requested. */
final class TestEntries {

    static final int BUFFER = 16 * 1024;
    static final Instant MODIFIED = Instant.parse("2026-07-01T12:34:56Z");

    private final TrackedBuffers buffers;
    private final List<Disposable> resources = Collections.synchronizedList(new ArrayList<>());

    TestEntries(TrackedBuffers buffers) {
        this.buffers = buffers;
    }

    ArchiveEntry entry(String name, int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        Flux<DataBuffer> content = Flux.range(0, Math.ceilDiv(size, BUFFER)).map(part -> {
            int from = part * BUFFER;
            byte[] piece = Arrays.copyOfRange(bytes, from, Math.min(size, from + BUFFER));
            return buffers.of(piece);
        });
        return of(name, bytes, content);
    }

    /** Declares size and CRC of {@code text}, whatever {@code content} emits. */
    ArchiveEntry of(String name, String text, Flux<DataBuffer> content) {
        return of(name, text.getBytes(StandardCharsets.UTF_8), content);
    }

    int made() {
        return resources.size();
    }

    long discarded() {
        return resources.stream().filter(Disposable::isDisposed).count();
    }

    void assertAllDiscardedOrRead() {
        assertThat(resources).allMatch(Disposable::isDisposed);
    }

    private ArchiveEntry of(String name, byte[] declared, Flux<DataBuffer> content) {
        CRC32 crc = new CRC32();
        crc.update(declared);
        Disposable resource = Disposables.single();
        resources.add(resource);
        return new ArchiveEntry(name, declared.length, crc.getValue(), MODIFIED, content, resource);
    }
}
