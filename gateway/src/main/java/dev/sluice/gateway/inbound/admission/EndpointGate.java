package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.contract.Endpoint;
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
 * {@code Accept}, 406).
 */
public final class EndpointGate implements HandlerFunction<ServerResponse> {
    private final List<Endpoint> methods;
    private final Admission admission;

    /** A gate before the endpoints of one path. */
    public EndpointGate(List<Endpoint> methods, Admission admission) {
        this.methods = List.copyOf(methods);
        this.admission = admission;
    }

    @Override
    public Mono<ServerResponse> handle(ServerRequest request) {
        return Mono.defer(() -> {
            Endpoint endpoint = choose(request);
            return admission
                    .admit(endpoint, request)
                    .flatMap(admitted -> endpoint.handler().handle(admitted));
        });
    }

    private Endpoint choose(ServerRequest request) {
        List<Endpoint> fitting = new ArrayList<>(methods);
        fitting.removeIf(endpoint -> !endpoint.method().equals(request.method()));
        if (fitting.isEmpty()) {
            throw new MethodNotAllowedException(request.method(), allowed());
        }
        Endpoint endpoint = fitting.getFirst();
        endpoint.errors().attachTo(request.exchange());
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
        boolean compatible = accepted.isEmpty()
                || accepted.stream()
                        .anyMatch(type -> endpoint.produces().stream().anyMatch(type::isCompatibleWith));
        if (!compatible) {
            throw new NotAcceptableStatusException(endpoint.produces());
        }
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
