package dev.sluice.gateway.contract.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.codec.HttpMessageWriter;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.mock.http.server.reactive.MockServerHttpResponse;
import org.springframework.web.reactive.function.BodyInserter;
import org.springframework.web.reactive.function.BodyInserters;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

class StreamedBodyTest {
    private final MockServerHttpResponse response = new MockServerHttpResponse();
    private final TestPublisher<DataBuffer> source = TestPublisher.create();

    @Test
    void sourceIsWrittenToItsEnd() {
        Flux<DataBuffer> bytes = Flux.just("one", "two")
                .map(text -> DefaultDataBufferFactory.sharedInstance.wrap(text.getBytes(StandardCharsets.US_ASCII)));

        StepVerifier.create(insert(bytes)).verifyComplete();
        StepVerifier.create(response.getBodyAsString()).expectNext("onetwo").verifyComplete();
    }

    @Test
    void sourceIsCancelledWhenTheClientLeavesAsTheFirstByteIsReady() {
        response.setWriteHandler(body -> Mono.error(new IOException("connection closed before send")));

        StepVerifier.create(insert(source.flux()))
                .then(() -> source.next(DefaultDataBufferFactory.sharedInstance.wrap(new byte[1])))
                .verifyError(IOException.class);
        source.assertCancelled();
    }

    @Test
    void sourceIsCancelledWhenTheWriteIs() {
        StepVerifier.create(insert(source.flux())).thenCancel().verify();

        source.assertCancelled();
    }

    @Test
    void sourceIsNotCancelledWhenItFailed() {
        StepVerifier.create(insert(source.flux()))
                .then(() -> source.error(new IOException("no more")))
                .verifyError(IOException.class);
        assertThat(source.subscribeCount()).isEqualTo(1);
        source.assertNotCancelled();
    }

    private Mono<Void> insert(Flux<DataBuffer> bytes) {
        BodyInserter<?, ServerHttpResponse> body = StreamedBody.of(bytes, BodyInserters::fromDataBuffers);
        return body.insert(response, new NoContext());
    }

    private static final class NoContext implements BodyInserter.Context {
        @Override
        public List<HttpMessageWriter<?>> messageWriters() {
            return List.of();
        }

        @Override
        public Optional<ServerHttpRequest> serverRequest() {
            return Optional.empty();
        }

        @Override
        public Map<String, Object> hints() {
            return Map.of();
        }
    }
}
