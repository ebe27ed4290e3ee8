package dev.sluice.gateway.contract.http;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What a response can do beside taking buffers: its body may be a file, or bytes and files one after the other. Files
 * go from file to socket. A decorated response can do it still: ask {@link #of}.
 */
public interface FileOutput {

    /** How this response takes files; null if it does not, as under a server that is not this one's. */
    static @Nullable FileOutput of(ServerHttpResponse response) {
        ServerHttpResponse inner = response;
        while (!(inner instanceof FileOutput) && inner instanceof ServerHttpResponseDecorator decorator) {
            inner = decorator.getDelegate();
        }
        return inner instanceof FileOutput output && output.takesFiles() ? output : null;
    }

    /** Whether the server below can send files; the other methods are of use only then. */
    boolean takesFiles();

    /** Sends the head and then so many bytes of the file. Ends when they are out; fails as the connection does. */
    Mono<Void> writeFile(Path file, long position, long count);

    /**
     * Sends the head, then each part when the one before it is out, in the body whose length the head has told. Ends
     * when the last is out; fails as the connection does, or as {@code parts}, and the answer is then cut.
     *
     * @param any a file that exists; nothing of it is sent
     */
    Mono<Void> writeParts(Path any, Flux<Part> parts);

    /** Whether {@link #writeBuffers} can send files: not where bytes are encrypted on their way to the socket. */
    boolean takesBuffers();

    /**
     * Sends the head when the first buffer is there, then each buffer as it comes, among them {@link FileSlice}s, of
     * which none is the last. Before the head it fails as {@code buffers} do, after it the answer is cut. When it has
     * ended, however it did, {@code buffers} have too.
     *
     * @param buffers each of which is released here
     */
    Mono<Void> writeBuffers(Flux<DataBuffer> buffers);

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
