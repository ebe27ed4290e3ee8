package dev.sluice.gateway.inbound;

import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.inbound.admission.AdmissionChain;
import dev.sluice.gateway.inbound.admission.EndpointGate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.springframework.http.codec.HttpMessageReader;
import org.springframework.http.codec.HttpMessageWriter;
import org.springframework.http.codec.ServerCodecConfigurer;
import org.springframework.http.server.PathContainer;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import org.springframework.web.reactive.result.view.ViewResolver;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilterChain;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;
import reactor.core.publisher.Mono;

/** Finds the endpoints of a path: by the whole path first, which most have, then by patterns. */
public final class Endpoints {
    private final Map<String, Path> whole = new HashMap<>();
    /** The more specific first: /images/zip is no image's id. */
    private final List<Path> all = new ArrayList<>();

    private final List<HttpMessageReader<?>> readers;
    private final ServerResponse.Context writers;

    private record Path(PathPattern pattern, EndpointGate gate) {}

    /** @param codecs of requests' bodies and of answers */
    public Endpoints(Collection<Endpoint> endpoints, AdmissionChain admission, ServerCodecConfigurer codecs) {
        readers = codecs.getReaders();
        writers = new Writers(codecs.getWriters());
        Map<PathPattern, List<Endpoint>> byPath = new TreeMap<>();
        endpoints.forEach(endpoint -> byPath.computeIfAbsent(
                        PathPatternParser.defaultInstance.parse(endpoint.path()), path -> new ArrayList<>())
                .add(endpoint));
        byPath.forEach((pattern, methods) -> {
            Path path = new Path(pattern, new EndpointGate(methods, admission));
            all.add(path);
            if (!pattern.hasPatternSyntax()) {
                whole.put(pattern.getPatternString(), path);
            }
        });
    }

    /** Handles the request; what is nobody's path goes on along {@code chain}. */
    Mono<Void> handle(ServerWebExchange exchange, WebFilterChain chain) {
        PathContainer asked = exchange.getRequest().getPath().pathWithinApplication();
        Path path = whole.get(asked.value());
        if (path != null) {
            return handle(exchange, path, Map.of());
        }
        for (Path candidate : all) {
            PathPattern.PathMatchInfo match = candidate.pattern.matchAndExtract(asked);
            if (match != null) {
                return handle(exchange, candidate, match.getUriVariables());
            }
        }
        return chain.filter(exchange);
    }

    private Mono<Void> handle(ServerWebExchange exchange, Path path, Map<String, String> variables) {
        Map<String, Object> attributes = exchange.getAttributes();
        attributes.put(RouterFunctions.MATCHING_PATTERN_ATTRIBUTE, path.pattern);
        attributes.put(RouterFunctions.URI_TEMPLATE_VARIABLES_ATTRIBUTE, variables);
        return path.gate
                .handle(ServerRequest.create(exchange, readers))
                .flatMap(response -> response.writeTo(exchange, writers));
    }

    private record Writers(List<HttpMessageWriter<?>> messageWriters) implements ServerResponse.Context {
        @Override
        public List<ViewResolver> viewResolvers() {
            return List.of();
        }
    }
}
