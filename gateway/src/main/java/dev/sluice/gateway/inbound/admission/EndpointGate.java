package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.RequestContext;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpMethod;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.server.HandlerFunction;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import org.springframework.web.server.MethodNotAllowedException;
import org.springframework.web.server.NotAcceptableStatusException;
import org.springframework.web.server.ServerWebInputException;
import org.springframework.web.server.UnsupportedMediaTypeStatusException;
import reactor.core.publisher.Mono;

/**
 * All methods of one path: picks the endpoint, or says precisely why none fits (405 with {@code Allow}, 415 with
 * {@code Accept}, 406). What can be had by {@code GET} can be asked for by {@code HEAD} too (RFC 9110 section 9.3.2).
 */
public final class EndpointGate implements HandlerFunction<ServerResponse> {
    private static final MediaType ZIP = MediaType.parseMediaType("application/zip");

    private final List<Endpoint> methods;
    private final AdmissionChain admission;

    /** A gate before the endpoints of one path. */
    public EndpointGate(List<Endpoint> methods, AdmissionChain admission) {
        this.methods = withHead(methods);
        this.admission = admission;
    }

    private static List<Endpoint> withHead(List<Endpoint> methods) {
        List<Endpoint> all = new ArrayList<>(methods);
        boolean known = methods.stream().anyMatch(endpoint -> endpoint.method().equals(HttpMethod.HEAD));
        if (!known) {
            methods.stream()
                    .filter(endpoint -> endpoint.method().equals(HttpMethod.GET))
                    .map(Endpoint::head)
                    .forEach(all::add);
        }
        return List.copyOf(all);
    }

    @Override
    public Mono<ServerResponse> handle(ServerRequest request) {
        Mono<ServerResponse> response = Mono.defer(() -> {
            Endpoint endpoint = choose(request);
            return admission
                    .admit(endpoint, request)
                    .flatMap(admitted -> endpoint.handler().handle(admitted));
        });
        return ResumeOnEventLoop.of(response, request.exchange());
    }

    private Endpoint choose(ServerRequest request) {
        List<Endpoint> fitting = new ArrayList<>(methods);
        fitting.removeIf(endpoint -> !endpoint.method().equals(request.method()));
        if (fitting.isEmpty()) {
            throw new MethodNotAllowedException(request.method(), allowed());
        }
        Endpoint endpoint = fitting.getFirst();
        RequestContext.of(request.exchange()).problemsWith(endpoint.errors());
        checkContentType(endpoint, contentType(request));
        checkAccept(endpoint, accept(request));
        return endpoint;
    }

    private Set<HttpMethod> allowed() {
        return methods.stream().map(Endpoint::method).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static void checkContentType(Endpoint endpoint, @Nullable MediaType type) {
        List<MediaType> readable = endpoint.consumes();
        if (readable.isEmpty() || (type != null && readable.stream().anyMatch(known -> known.includes(type)))) {
            return;
        }
        throw new UnsupportedMediaTypeStatusException(type, readable, null, endpoint.method());
    }

    private static void checkAccept(Endpoint endpoint, List<MediaType> accepted) {
        if (!accepted.isEmpty() && accepted.stream().noneMatch(type -> isAccepted(endpoint, type))) {
            throw new NotAcceptableStatusException(endpoint.produces());
        }
    }

    /**
     * Whether a client that accepts {@code type} is content with what the endpoint produces. A refusal helps nobody
     * where it surely is (RFC 9110 section 12.5.1): generated clients name the type of problems alone where it looks
     * like JSON, and download tools have names of their own for an archive.
     */
    private static boolean isAccepted(Endpoint endpoint, MediaType type) {
        return type.isCompatibleWith(MediaType.APPLICATION_PROBLEM_JSON)
                || endpoint.produces().stream().anyMatch(type::isCompatibleWith)
                || (endpoint.produces().contains(ZIP) && isAnyApplication(type));
    }

    private static boolean isAnyApplication(MediaType type) {
        return "application".equals(type.getType())
                && !"json".equals(type.getSubtype())
                && !"json".equals(type.getSubtypeSuffix());
    }

    private static @Nullable MediaType contentType(ServerRequest request) {
        try {
            return request.headers().contentType().orElse(null);
        } catch (InvalidMediaTypeException malformed) {
            throw new UnsupportedMediaTypeStatusException(malformed.getMessage());
        }
    }

    private static List<MediaType> accept(ServerRequest request) {
        try {
            return request.headers().accept();
        } catch (InvalidMediaTypeException malformed) {
            throw new ServerWebInputException("Accept: " + malformed.getMessage());
        }
    }
}
