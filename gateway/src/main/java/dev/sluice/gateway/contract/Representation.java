package dev.sluice.gateway.contract;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ETag;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpRange;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Bytes of known length under one URL (RFC 9110 section 8), and how a {@code GET} or {@code HEAD} of them is answered:
 * preconditions, then {@code If-Range}, then one range (sections 13 and 14). Several ranges in one request are answered
 * with the whole, as section 14.2 lets a server do.
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

    private static final boolean STRONG = true;
    private static final boolean WEAK = false;

    /** Sends bytes. */
    @FunctionalInterface
    public interface Body {

        /** Writes {@code count} bytes from {@code position} on; they exist. Completes when they are out. */
        Mono<Void> write(ServerHttpResponse response, long position, long count);
    }

    /** Where a part begins and how long it is. */
    private record Part(long position, long count) {}

    /**
     * The answer to {@code request}: 200, 206, 304 or 412.
     *
     * @throws GatewayException {@code range_not_satisfiable}
     */
    public Mono<ServerResponse> answer(ServerRequest request) {
        return Mono.defer(() -> {
            ServerWebExchange exchange = request.exchange();
            HttpHeaders headers = exchange.getResponse().getHeaders();
            Part part = asked(request);
            headers.set(HttpHeaders.ACCEPT_RANGES, "bytes");
            headers.setETag(etag);
            if (lastModified != null) {
                headers.setLastModified(lastModified);
            }
            further.accept(headers);
            HttpStatus failed = failedPrecondition(request.headers().asHttpHeaders());
            if (failed != null) {
                return ServerResponse.status(failed).build();
            }
            return part == null ? send(request, HttpStatus.OK, new Part(0, length)) : sendPart(request, part);
        });
    }

    /**
     * RFC 9110 section 13.2.2, steps 1 to 4. Spring's own evaluation leaves {@code If-Match} and {@code If-None-Match:
     * *} of a safe method out.
     */
    private @Nullable HttpStatus failedPrecondition(HttpHeaders headers) {
        List<String> match = headers.getOrEmpty(HttpHeaders.IF_MATCH);
        List<String> noneMatch = headers.getOrEmpty(HttpHeaders.IF_NONE_MATCH);
        boolean holds =
                match.isEmpty() ? !changedAfter(date(headers, HttpHeaders.IF_UNMODIFIED_SINCE)) : names(match, STRONG);
        if (!holds) {
            return HttpStatus.PRECONDITION_FAILED;
        }
        boolean unchanged = noneMatch.isEmpty()
                ? unchangedSince(date(headers, HttpHeaders.IF_MODIFIED_SINCE))
                : names(noneMatch, WEAK);
        return unchanged ? HttpStatus.NOT_MODIFIED : null;
    }

    /** Whether one of the fields' entity tags is this one's. */
    private boolean names(List<String> fields, boolean strong) {
        ETag own = ETag.create(etag);
        return fields.stream()
                .flatMap(field -> ETag.parse(field).stream())
                .anyMatch(tag -> tag.isWildcard() || tag.compare(own, strong));
    }

    private boolean changedAfter(@Nullable Instant date) {
        return date != null && changed() != null && date.isBefore(changed());
    }

    private boolean unchangedSince(@Nullable Instant date) {
        return date != null && changed() != null && !date.isBefore(changed());
    }

    /** To the second, as fields tell it. */
    private @Nullable Instant changed() {
        return lastModified == null ? null : lastModified.truncatedTo(ChronoUnit.SECONDS);
    }

    /** Null when there is none, or one that cannot be read: then there is no condition. */
    private static @Nullable Instant date(HttpHeaders headers, String name) {
        try {
            long millis = headers.getFirstDate(name);
            return millis < 0 ? null : Instant.ofEpochMilli(millis);
        } catch (IllegalArgumentException malformed) {
            return null;
        }
    }

    private Mono<ServerResponse> sendPart(ServerRequest request, Part part) {
        HttpHeaders headers = request.exchange().getResponse().getHeaders();
        if (part.position() >= length) {
            headers.set(HttpHeaders.CONTENT_RANGE, "bytes */" + length);
            String asked = request.headers().firstHeader(HttpHeaders.RANGE);
            return Mono.error(GatewayException.badMember(
                    ProblemCode.RANGE_NOT_SATISFIABLE, "Range", asked, "a range within " + length + " bytes"));
        }
        long last = part.position() + part.count() - 1;
        headers.set(HttpHeaders.CONTENT_RANGE, "bytes " + part.position() + "-" + last + "/" + length);
        return send(request, HttpStatus.PARTIAL_CONTENT, part);
    }

    private Mono<ServerResponse> send(ServerRequest request, HttpStatus status, Part part) {
        ServerResponse.BodyBuilder answer =
                ServerResponse.status(status).contentType(type).contentLength(part.count());
        return HttpMethod.HEAD.equals(request.method())
                ? answer.build()
                : answer.build(
                        (exchange, context) -> body.write(exchange.getResponse(), part.position(), part.count()));
    }

    /** The one range asked for, cut at the end of the bytes; null for all of them. */
    private @Nullable Part asked(ServerRequest request) {
        String range = request.headers().firstHeader(HttpHeaders.RANGE);
        if (range == null || !HttpMethod.GET.equals(request.method()) || !appliesTo(request)) {
            return null;
        }
        List<HttpRange> ranges;
        try {
            ranges = HttpRange.parseRanges(range);
        } catch (IllegalArgumentException malformed) {
            return null; // section 14.2: one that is not understood is ignored
        }
        if (ranges.size() != 1) {
            return null;
        }
        long first = ranges.getFirst().getRangeStart(length);
        return new Part(first, ranges.getFirst().getRangeEnd(length) - first + 1);
    }

    /** RFC 9110 section 13.1.5: an entity tag that is strong and the same, or the very date. */
    private boolean appliesTo(ServerRequest request) {
        String condition = request.headers().firstHeader(HttpHeaders.IF_RANGE);
        if (condition == null || condition.equals(etag)) {
            return true;
        }
        boolean isTag = condition.startsWith("\"") || condition.startsWith("W/");
        Instant date = isTag ? null : date(request.headers().asHttpHeaders(), HttpHeaders.IF_RANGE);
        return date != null && date.equals(changed());
    }
}
