package dev.sluice.gateway.feature.samples;

import dev.sluice.gateway.contract.http.StrongTag;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.reactivestreams.Publisher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.netty.ChannelBindException;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;

/** A small HTTP origin on the loopback address. Pictures are painted when they are first asked for. */
final class SampleOrigin {
    private static final Logger LOG = LoggerFactory.getLogger(SampleOrigin.class);
    private static final String HOST = "127.0.0.1";
    private static final int SIX_MEGABYTES = 6 * 1024 * 1024;
    private static final int PIECE = 64 * 1024;
    private static final byte[] PNG_SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    private static final String PAGE = "<!doctype html><title>Not a picture</title>";

    private final Map<String, Mono<byte[]>> pictures = new ConcurrentHashMap<>();
    private final DisposableServer server;

    private SampleOrigin(int port) {
        for (SamplePicture picture : SamplePicture.all()) {
            pictures.put(
                    picture.fileName(),
                    Mono.fromCallable(picture::paint)
                            .subscribeOn(Schedulers.boundedElastic())
                            .cache());
        }
        this.server = HttpServer.create()
                .host(HOST)
                .port(port)
                .route(routes -> {
                    for (SamplePicture picture : SamplePicture.all()) {
                        routes.get(
                                "/samples/" + picture.fileName(),
                                (request, response) -> send(picture, request, response));
                    }
                    for (Misbehaviour bad : Misbehaviour.values()) {
                        routes.get("/samples/" + bad.fileName(), (request, response) -> misbehave(bad, response));
                    }
                })
                .bindNow(Duration.ofSeconds(5));
    }

    /** Starts on the wanted port, or on a free one if that is taken. */
    static SampleOrigin start(int wanted) {
        try {
            return new SampleOrigin(wanted);
        } catch (ChannelBindException taken) {
            SampleOrigin elsewhere = new SampleOrigin(0);
            LOG.warn("port {} is taken; the sample pictures are at {}", wanted, elsewhere.url(""));
            return elsewhere;
        }
    }

    /** Its address. */
    InetSocketAddress address() {
        return (InetSocketAddress) server.address();
    }

    /** The URL of a file of this origin. */
    String url(String fileName) {
        return "http://" + HOST + ":" + address().getPort() + "/samples/" + fileName;
    }

    /** Stops it and closes its connections. */
    void stop() {
        server.disposeNow(Duration.ofSeconds(2));
    }

    private Publisher<Void> send(SamplePicture picture, HttpServerRequest request, HttpServerResponse response) {
        Mono<byte[]> bytes = pictures.getOrDefault(picture.fileName(), Mono.empty());
        return bytes.flatMap(file -> {
            String etag = StrongTag.of(StrongTag.digest().digest(file));
            response.header("ETag", etag).header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT");
            return etag.equals(request.requestHeaders().get("If-None-Match"))
                    ? response.status(304).send()
                    : response.header("Content-Type", picture.mediaType())
                            .header("Content-Length", Integer.toString(file.length))
                            .sendObject(Unpooled.wrappedBuffer(file))
                            .then();
        });
    }

    private static Publisher<Void> misbehave(Misbehaviour bad, HttpServerResponse response) {
        response.header("Content-Type", bad == Misbehaviour.PAGE ? "text/html" : "image/png");
        return switch (bad) {
            case TOO_LARGE ->
                response.header("Content-Length", Integer.toString(SIX_MEGABYTES))
                        .send(sixMegabytes());
            case TOO_LARGE_UNDECLARED -> response.send(sixMegabytes());
            case SLOW -> response.send(byteBySecond(), each -> true);
            case PAGE, DISGUISED -> response.sendString(Mono.just(PAGE), StandardCharsets.UTF_8);
            case MISSING -> response.status(404).send();
            case TRUNCATED -> truncated(response);
            case REDIRECT_INSIDE ->
                response.status(302).header("Location", "http://10.0.0.1/").send();
        };
    }

    private static Publisher<Void> truncated(HttpServerResponse response) {
        return response.header("Content-Length", "100000")
                .sendObject(Flux.just(Unpooled.wrappedBuffer(PNG_SIGNATURE)), any -> true)
                .then(Mono.<Void>fromRunnable(() -> response.withConnection(connection -> connection.dispose())));
    }

    private static Flux<ByteBuf> sixMegabytes() {
        return Flux.range(0, SIX_MEGABYTES / PIECE)
                .map(piece -> Unpooled.wrappedBuffer(piece == 0 ? pieceWithSignature() : new byte[PIECE]));
    }

    private static byte[] pieceWithSignature() {
        byte[] piece = new byte[PIECE];
        System.arraycopy(PNG_SIGNATURE, 0, piece, 0, PNG_SIGNATURE.length);
        return piece;
    }

    private static Flux<ByteBuf> byteBySecond() {
        return Flux.interval(Duration.ZERO, Duration.ofSeconds(1))
                .onBackpressureDrop()
                .map(second -> Unpooled.wrappedBuffer(new byte[] {
                    PNG_SIGNATURE[(int) Math.min(second, PNG_SIGNATURE.length - 1)]
                }));
    }
}
