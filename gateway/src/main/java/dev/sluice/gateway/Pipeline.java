package dev.sluice.gateway;

import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.inbound.admission.EndpointGate;
import dev.sluice.gateway.inbound.admission.ServerTransport;
import dev.sluice.gateway.inbound.problem.ProblemHandler;
import dev.sluice.gateway.inbound.telemetry.RequestId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.jackson.autoconfigure.JsonMapperBuilderCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.web.reactive.function.server.RequestPredicates;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerResponse;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.cfg.CoercionAction;
import tools.jackson.databind.cfg.CoercionInputShape;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.type.LogicalType;

/**
 * The one place that decides in which order a request passes its guards.
 *
 * <ol>
 *   <li>the transport: header size, silence, clients that stop reading; costs nothing per request;
 *   <li>the request id, so that every later refusal can be found in the log;
 *   <li>problems: everything below may fail, and fails as problem+json;
 *   <li>method, media types, body size: what can be refused before a byte of the body is read;
 *   <li>the feature.
 * </ol>
 */
@Configuration(proxyBeanMethods = false)
@Import(ServerTransport.class)
class Pipeline {

    @Bean
    @Order(Ordered.HIGHEST_PRECEDENCE)
    RequestId requestId() {
        return new RequestId();
    }

    @Bean
    ProblemHandler problemHandler(JsonMapper json) {
        return new ProblemHandler(json);
    }

    @Bean
    RouterFunction<ServerResponse> endpoints(ObjectProvider<FeatureRoutes> features) {
        Map<String, List<Endpoint>> byPath = new LinkedHashMap<>();
        features.orderedStream()
                .flatMap(feature -> feature.endpoints().stream())
                .forEach(endpoint -> byPath.computeIfAbsent(endpoint.path(), path -> new ArrayList<>())
                        .add(endpoint));
        RouterFunctions.Builder routes = RouterFunctions.route();
        byPath.forEach((path, methods) -> routes.route(RequestPredicates.path(path), new EndpointGate(methods)));
        return routes.build();
    }

    /** JSON is taken at its word: a number is not a string, and a member given twice is a mistake. */
    @Bean
    JsonMapperBuilderCustomizer strictJson() {
        return mapper -> mapper.enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .withCoercionConfig(
                        LogicalType.Textual,
                        text -> text.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                                .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                                .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail));
    }
}
