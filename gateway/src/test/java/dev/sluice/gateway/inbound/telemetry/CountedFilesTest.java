package dev.sluice.gateway.inbound.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.contract.http.FileOutput.Part;
import dev.sluice.gateway.testing.Await;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.core.io.buffer.NettyDataBuffer;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import org.springframework.http.server.reactive.ReactorHttpHandlerAdapter;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;

/** Files on their way to a real client: it has not the last of them before what it held is free. */
class CountedFilesTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String BODY = "headFILEend";

    private final MockServerWebExchange exchange = MockServerWebExchange.from(MockServerHttpRequest.get("/"));
    private final RequestContext context = RequestContext.of(exchange);
    private final Sinks.Empty<Void> freed = Sinks.empty();
    private final AtomicLong settledWith = new AtomicLong(-1);

    @TempDir
    private Path directory;

    private Path file;

    @BeforeEach
    void hold() throws Exception {
        file = Files.writeString(directory.resolve("file"), "..FILE..");
        context.settleAtEnd(() -> {
            settledWith.set(context.usage().sent());
            return freed.asMono();
        });
    }

    @Test
    void lastPartWaitsUntilItIsSettled() throws Exception {
        Flux<Part> parts = Flux.just(
                new Part.Bytes(ByteBuffer.wrap(bytes("head"))),
                new Part.OfFile(file, 2, 4),
                new Part.Bytes(ByteBuffer.wrap(bytes("end"))));

        assertLastIsHeldBack(response -> response.writeParts(file, parts));
    }

    @Test
    void lastBufferAheadOfWhichFilesMayGoWaitsUntilItIsSettled() throws Exception {
        Flux<DataBuffer> buffers = Flux.just(buffer("head"), buffer("FILE"), buffer("end"));

        assertLastIsHeldBack(response -> response.writeBuffers(buffers));
    }

    /** The head is under way, and nobody has asked for what follows it. */
    @Test
    void firstBufferIsReleasedWhenItsClientLeavesBeforeTheHeadIsOut() throws Exception {
        NettyDataBuffer first = pooled("head");

        answer((response, counted) -> {
            response.beforeCommit(Mono::never);
            counted.writeBuffers(Flux.just(first, buffer("end"))).subscribe().dispose();
            return Mono.empty();
        });

        assertThat(first.getNativeBuffer().refCnt()).isZero();
    }

    @Test
    void firstBufferIsReleasedWhenItsHeadCannotBeSent() throws Exception {
        NettyDataBuffer first = pooled("head");

        answer((response, counted) -> {
            response.beforeCommit(() -> Mono.error(new IOException("gone")));
            return counted.writeBuffers(Flux.just(first, buffer("end")));
        });

        assertThat(first.getNativeBuffer().refCnt()).isZero();
    }

    /** Has a request handled, and reads whatever comes of it. */
    private static void answer(BiFunction<ServerHttpResponse, CountedResponse, Mono<Void>> handler) throws Exception {
        DisposableServer server = HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .handle(new ReactorHttpHandlerAdapter(
                        (request, response) -> handler.apply(response, new CountedResponse(response))))
                .bindNow();
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            client.setSoTimeout((int) LIMIT.toMillis());
            client.getOutputStream().write(bytes("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
            client.getInputStream().readAllBytes();
        } finally {
            server.disposeNow();
        }
    }

    private static NettyDataBuffer pooled(String text) {
        NettyDataBuffer buffer =
                new NettyDataBufferFactory(PooledByteBufAllocator.DEFAULT).allocateBuffer(text.length());
        buffer.write(text, StandardCharsets.US_ASCII);
        return buffer;
    }

    private void assertLastIsHeldBack(Function<CountedResponse, Mono<Void>> body) throws Exception {
        DisposableServer server = HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .handle(new ReactorHttpHandlerAdapter((request, response) -> {
                    CountedResponse counted = new CountedResponse(response);
                    counted.countFor(exchange);
                    Mono<Void> sending = body.apply(counted);
                    counted.getHeaders().setContentLength(BODY.length());
                    return sending;
                }))
                .bindNow();
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            client.setSoTimeout((int) LIMIT.toMillis());
            client.getOutputStream().write(bytes("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
            Await.until(LIMIT, "it is settled", () -> settledWith.get() == BODY.length());
            InputStream in = client.getInputStream();
            StringBuilder answer = new StringBuilder();
            while (!answer.toString().endsWith("\r\n\r\nheadFILE")) {
                int read = in.read();
                assertThat(read).as("after " + answer).isNotNegative();
                answer.append((char) read);
            }
            assertThat(in.available()).isZero();

            freed.tryEmitEmpty();

            assertThat(new String(in.readAllBytes(), StandardCharsets.US_ASCII)).isEqualTo("end");
        } finally {
            server.disposeNow();
        }
    }

    private static DataBuffer buffer(String text) {
        return DefaultDataBufferFactory.sharedInstance.wrap(bytes(text));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
