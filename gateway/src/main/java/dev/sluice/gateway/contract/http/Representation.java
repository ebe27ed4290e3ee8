package dev.sluice.gateway.contract.http;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import java.time.Instant;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.reactive.function.BodyInserters;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Bytes of known length under one URL (RFC 9110 section 8), and how a {@code GET} or {@code HEAD} of them is answered:
 * preconditions, then {@code If-Range}, then ranges (sections 13 and 14), several of them as
 * {@code multipart/byteranges}.
 *
 * @param type of the bytes
 * @param length of all of them
 * @param etag a strong one, quoted; equal bytes have equal ones
 * @param lastModified when they last changed, if that is known; told to the second
 * @param further other fields of every answer but an error, for example {@code Cache-Control}
 * @param body the bytes themselves
 */
public record Representation(
        MediaType type,
        long length,
        String etag,
        @Nullable Instant lastModified,
        Consumer<HttpHeaders> further,
        Body body) {

    /** The bytes. */
    @FunctionalInterface
    public interface Body {

        /** {@code count} bytes from {@code position} on; they exist. The subscriber owns the buffers. */
        Flux<DataBuffer> bytes(long position, long count, DataBufferFactory buffers);

        /**
         * A quicker way to send them than as buffers, for example as a file; null where there is none. Completes when
         * they are out.
         */
        default @Nullable Mono<Void> send(ServerHttpResponse response, long position, long count) {
            return null;
        }
    }

    /**
     * The answer to {@code request}: 200, 206, 304 or 412.
     *
     * <p>Fails with {@link GatewayException} {@code range_not_satisfiable}.
     */
    public Mono<ServerResponse> answer(ServerRequest request) {
        return Mono.defer(() -> {
            HttpHeaders asked = request.headers().asHttpHeaders();
            HttpHeaders headers = request.exchange().getResponse().getHeaders();
            headers.set(HttpHeaders.ACCEPT_RANGES, "bytes");
            headers.setETag(etag);
            if (lastModified != null) {
                headers.setLastModified(lastModified);
            }
            further.accept(headers);
            Preconditions preconditions = new Preconditions(etag, lastModified);
            HttpStatus failed = preconditions.failed(asked);
            if (failed != null) {
                return ServerResponse.status(failed).build();
            }
            String range = asked.getFirst(HttpHeaders.RANGE);
            ByteRanges ranges =
                    range == null || !HttpMethod.GET.equals(request.method()) || !preconditions.rangeApplies(asked)
                            ? null
                            : ByteRanges.parse(range, length);
            return ranges == null ? whole(request) : parts(request, ranges, headers);
        });
    }

    private Mono<ServerResponse> whole(ServerRequest request) {
        ServerResponse.BodyBuilder answer =
                ServerResponse.ok().contentType(type).contentLength(length);
        return HttpMethod.HEAD.equals(request.method()) ? answer.build() : sent(answer, request, 0, length);
    }

    private Mono<ServerResponse> parts(ServerRequest request, ByteRanges ranges, HttpHeaders headers) {
        ServerResponse.BodyBuilder answer = ServerResponse.status(HttpStatus.PARTIAL_CONTENT);
        return switch (ranges.parts().size()) {
            case 0 -> {
                // At the very last: the framework takes fields about content out of the answer to a failed handler.
                request.exchange()
                        .getResponse()
                        .beforeCommit(() ->
                                Mono.fromRunnable(() -> headers.set(HttpHeaders.CONTENT_RANGE, "bytes */" + length)));
                yield Mono.error(GatewayException.badMember(
                        ProblemCode.RANGE_NOT_SATISFIABLE,
                        "Range",
                        request.headers().firstHeader(HttpHeaders.RANGE),
                        "a range within " + length + " bytes"));
            }
            case 1 -> {
                ByteRanges.Part part = ranges.parts().getFirst();
                headers.set(HttpHeaders.CONTENT_RANGE, part.of(length));
                answer.contentType(type).contentLength(part.count());
                yield sent(answer, request, part.position(), part.count());
            }
            default -> {
                String boundary = UUID.randomUUID().toString();
                answer.header(HttpHeaders.CONTENT_TYPE, "multipart/byteranges; boundary=" + boundary)
                        .contentLength(ranges.framedLength(type, boundary));
                DataBufferFactory buffers = buffers(request);
                ByteRanges.Source source = (position, count) -> body.bytes(position, count, buffers);
                yield streamed(answer, ranges.framed(type, boundary, source, buffers));
            }
        };
    }

    private Mono<ServerResponse> sent(
            ServerResponse.BodyBuilder answer, ServerRequest request, long position, long count) {
        Mono<Void> sending = body.send(request.exchange().getResponse(), position, count);
        return sending == null
                ? streamed(answer, body.bytes(position, count, buffers(request)))
                : answer.build((exchange, context) -> sending);
    }

    private static Mono<ServerResponse> streamed(ServerResponse.BodyBuilder answer, Flux<DataBuffer> bytes) {
        return answer.body(StreamedBody.of(bytes, BodyInserters::fromDataBuffers));
    }

    private static DataBufferFactory buffers(ServerRequest request) {
        return request.exchange().getResponse().bufferFactory();
    }
}
