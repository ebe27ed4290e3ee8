package dev.sluice.gateway.contract;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A response whose body may be bytes and files, one after the other; the files go from file to socket. */
@FunctionalInterface
public interface PartsOutput {

    /**
     * Sends the head, then each part when the one before it is out, in the body whose length the head has told. Ends
     * when the last is out; fails as the connection does, or as {@code parts}, and the answer is then cut.
     *
     * @param any a file that exists; nothing of it is sent
     */
    Mono<Void> writeParts(Path any, Flux<Part> parts);

    /** Adjoining bytes of the body. */
    sealed interface Part {

        /** How many bytes it has. */
        long count();

        /** Bytes that are at hand. */
        record Bytes(ByteBuffer bytes) implements Part {
            @Override
            public long count() {
                return bytes.remaining();
            }
        }

        /** Bytes of a file, from a position on. */
        record OfFile(Path file, long position, long count) implements Part {}
    }
}
