package dev.sluice.gateway.contract;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.util.unit.DataSize;
import org.springframework.web.reactive.function.server.HandlerFunction;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/**
 * One method of one path, declared as data so that every guard, the 405, the 415 and the 406 are the same everywhere.
 *
 * @param name stable name of the route, for configuration and meters, for example {@code zip.create}
 * @param method the HTTP method
 * @param path a path pattern, for example <code>/api/zip/links/{token}</code>
 * @param consumes media types of the body it reads; empty when it reads none
 * @param produces media types it answers with, best first
 * @param maxBody largest body it reads
 * @param access who may call it
 * @param credential what admits a request though its caller has not the access, for example the gateway's own signature
 *     in its URL; may throw a {@link GatewayException} that says what is wrong with it
 * @param estimate what a request may use at most, by units of {@link RequestUsage}, judged by its body before it is
 *     admitted: that much is reserved of the limits that are settled by these units. Takes no longer than reading the
 *     body, and never fails: what is wrong with a body is the handler's to say
 * @param errors what its problems tell clients of older APIs
 * @param handler what it does
 */
public record Endpoint(
        String name,
        HttpMethod method,
        String path,
        List<MediaType> consumes,
        List<MediaType> produces,
        DataSize maxBody,
        Access access,
        Predicate<ServerRequest> credential,
        Function<ServerRequest, Mono<Map<String, Long>>> estimate,
        ErrorMember errors,
        HandlerFunction<ServerResponse> handler) {

    private static final DataSize NOTHING = DataSize.ofBytes(0);
    private static final DataSize IGNORED = DataSize.ofKilobytes(1);

    /** A {@code GET} without a body, for signed-in callers. */
    public static Endpoint get(String name, String path, MediaType produces, HandlerFunction<ServerResponse> handler) {
        return bodiless(name, HttpMethod.GET, path, List.of(produces), handler);
    }

    /** A {@code DELETE} without a body and without an answer's body, for signed-in callers. */
    public static Endpoint delete(String name, String path, HandlerFunction<ServerResponse> handler) {
        return bodiless(name, HttpMethod.DELETE, path, List.of(MediaType.ALL), handler);
    }

    /** A {@code POST} that says all in its path, for signed-in callers; a small body is admitted and not read. */
    public static Endpoint post(String name, String path, MediaType produces, HandlerFunction<ServerResponse> handler) {
        return bodiless(name, HttpMethod.POST, path, List.of(produces), handler).upTo(IGNORED);
    }

    /** A {@code PUT} of bytes of these types, streamed, for signed-in callers; it answers with nothing. */
    public static Endpoint put(
            String name,
            String path,
            List<MediaType> consumes,
            DataSize maxBody,
            HandlerFunction<ServerResponse> handler) {
        return new Endpoint(
                name,
                HttpMethod.PUT,
                path,
                consumes,
                List.of(MediaType.ALL),
                maxBody,
                Access.USER,
                Endpoint::hasNoCredential,
                Endpoint::asTheLimitsReserve,
                ErrorMember.CODE,
                handler);
    }

    /** A {@code POST} of JSON, for signed-in callers. */
    public static Endpoint postJson(
            String name, String path, DataSize maxBody, MediaType produces, HandlerFunction<ServerResponse> handler) {
        return postJson(name, path, maxBody, List.of(produces), handler);
    }

    /** A {@code POST} of JSON that can be answered in several types, for signed-in callers. */
    public static Endpoint postJson(
            String name,
            String path,
            DataSize maxBody,
            List<MediaType> produces,
            HandlerFunction<ServerResponse> handler) {
        return json(name, HttpMethod.POST, path, maxBody, produces, handler);
    }

    /** A method with a body of JSON, for signed-in callers. */
    public static Endpoint json(
            String name,
            HttpMethod method,
            String path,
            DataSize maxBody,
            MediaType produces,
            HandlerFunction<ServerResponse> handler) {
        return json(name, method, path, maxBody, List.of(produces), handler);
    }

    private static Endpoint json(
            String name,
            HttpMethod method,
            String path,
            DataSize maxBody,
            List<MediaType> produces,
            HandlerFunction<ServerResponse> handler) {
        return new Endpoint(
                name,
                method,
                path,
                List.of(MediaType.APPLICATION_JSON),
                produces,
                maxBody,
                Access.USER,
                Endpoint::hasNoCredential,
                Endpoint::asTheLimitsReserve,
                ErrorMember.CODE,
                handler);
    }

    /** The same endpoint for other callers. */
    public Endpoint openTo(Access others) {
        return new Endpoint(
                name, method, path, consumes, produces, maxBody, others, credential, estimate, errors, handler);
    }

    /** The same endpoint, also for requests that carry a credential of their own. */
    public Endpoint orWithCredential(Predicate<ServerRequest> other) {
        return new Endpoint(name, method, path, consumes, produces, maxBody, access, other, estimate, errors, handler);
    }

    /** The same endpoint, whose requests are known to use no more than that. */
    public Endpoint reserving(Function<ServerRequest, Mono<Map<String, Long>>> most) {
        return new Endpoint(name, method, path, consumes, produces, maxBody, access, credential, most, errors, handler);
    }

    /** The same endpoint, whose problems have another {@code error}. */
    public Endpoint withErrorAs(ErrorMember member) {
        return new Endpoint(
                name, method, path, consumes, produces, maxBody, access, credential, estimate, member, handler);
    }

    /** The same endpoint, handled by another. */
    public Endpoint handledBy(HandlerFunction<ServerResponse> other) {
        return new Endpoint(
                name, method, path, consumes, produces, maxBody, access, credential, estimate, errors, other);
    }

    /** The {@code HEAD} of this {@code GET}: same name, same guards, same handler. */
    public Endpoint head() {
        return new Endpoint(
                name,
                HttpMethod.HEAD,
                path,
                consumes,
                produces,
                maxBody,
                access,
                credential,
                estimate,
                errors,
                handler);
    }

    private Endpoint upTo(DataSize most) {
        return new Endpoint(
                name, method, path, consumes, produces, most, access, credential, estimate, errors, handler);
    }

    private static boolean hasNoCredential(ServerRequest request) {
        return false;
    }

    private static Mono<Map<String, Long>> asTheLimitsReserve(ServerRequest request) {
        return Mono.just(Map.of());
    }

    private static Endpoint bodiless(
            String name,
            HttpMethod method,
            String path,
            List<MediaType> produces,
            HandlerFunction<ServerResponse> handler) {
        return new Endpoint(
                name,
                method,
                path,
                List.of(),
                produces,
                NOTHING,
                Access.USER,
                Endpoint::hasNoCredential,
                Endpoint::asTheLimitsReserve,
                ErrorMember.CODE,
                handler);
    }
}
