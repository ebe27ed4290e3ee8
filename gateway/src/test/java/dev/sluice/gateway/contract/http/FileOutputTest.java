package dev.sluice.gateway.contract.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import org.springframework.mock.http.server.reactive.MockServerHttpResponse;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Whatever decorates a response, files can be sent as if nothing did. */
class FileOutputTest {

    private static final class Files extends ServerHttpResponseDecorator implements FileOutput {
        Files(ServerHttpResponse response) {
            super(response);
        }

        @Override
        public boolean takesFiles() {
            return true;
        }

        @Override
        public Mono<Void> writeFile(Path file, long position, long count) {
            return Mono.empty();
        }

        @Override
        public Mono<Void> writeParts(Path any, Flux<Part> parts) {
            return Mono.empty();
        }

        @Override
        public boolean takesBuffers() {
            return true;
        }

        @Override
        public Mono<Void> writeBuffers(Flux<DataBuffer> buffers) {
            return Mono.empty();
        }
    }

    @Test
    void decoratedResponseTakesFilesStill() {
        Files able = new Files(new MockServerHttpResponse());
        ServerHttpResponse decorated = new ServerHttpResponseDecorator(new ServerHttpResponseDecorator(able));

        assertThat(FileOutput.of(able)).isSameAs(able);
        assertThat(FileOutput.of(decorated)).isSameAs(able);
    }

    @Test
    void responseOfAnotherServerTakesNone() {
        assertThat(FileOutput.of(new ServerHttpResponseDecorator(new MockServerHttpResponse())))
                .isNull();
    }
}
