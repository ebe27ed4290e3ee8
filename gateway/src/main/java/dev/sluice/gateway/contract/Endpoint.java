package dev.sluice.gateway.contract;

import java.util.List;
import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.util.unit.DataSize;
import org.springframework.web.reactive.function.server.HandlerFunction;
import org.springframework.web.reactive.function.server.ServerResponse;

/**
 * One method of one path, declared as data so that every guard, the 405, the 415 and the 406 are the same everywhere.
 *
 * @param name stable name of the route, for configuration and meters, for example {@code zip.create}
 * @param method the HTTP method
 * @param path a path pattern, for example <code>/api/zip/links/{token}</code>
 * @param consumes media types of the body it reads; empty when it reads none
 * @param produces media types it answers with, best first
 * @param maxBody largest body it reads
 * @param handler what it does
 */
public record Endpoint(
        String name,
        HttpMethod method,
        String path,
        List<MediaType> consumes,
        List<MediaType> produces,
        DataSize maxBody,
        HandlerFunction<ServerResponse> handler) {

    private static final DataSize NOTHING = DataSize.ofBytes(0);

    /** A {@code GET} without a body. */
    public static Endpoint get(String name, String path, MediaType produces, HandlerFunction<ServerResponse> handler) {
        return new Endpoint(name, HttpMethod.GET, path, List.of(), List.of(produces), NOTHING, handler);
    }

    /** A {@code POST} of JSON. */
    public static Endpoint postJson(
            String name, String path, DataSize maxBody, MediaType produces, HandlerFunction<ServerResponse> handler) {
        return new Endpoint(
                name, HttpMethod.POST, path, List.of(MediaType.APPLICATION_JSON), List.of(produces), maxBody, handler);
    }
}
