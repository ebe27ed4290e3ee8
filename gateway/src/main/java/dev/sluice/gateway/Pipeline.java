package dev.sluice.gateway;

import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.inbound.admission.AccessGuard;
import dev.sluice.gateway.inbound.admission.Admission;
import dev.sluice.gateway.inbound.admission.BodyLimit;
import dev.sluice.gateway.inbound.admission.EndpointGate;
import dev.sluice.gateway.inbound.admission.LimitGuard;
import dev.sluice.gateway.inbound.admission.LimitMeters;
import dev.sluice.gateway.inbound.admission.LimitsConfiguration;
import dev.sluice.gateway.inbound.admission.OriginGuard;
import dev.sluice.gateway.inbound.admission.OriginProperties;
import dev.sluice.gateway.inbound.admission.ResourcesFilter;
import dev.sluice.gateway.inbound.identity.AnonymousIdentity;
import dev.sluice.gateway.inbound.identity.IdentityConfiguration;
import dev.sluice.gateway.inbound.problem.ProblemHandler;
import dev.sluice.gateway.inbound.telemetry.AccessLog;
import dev.sluice.gateway.inbound.telemetry.LoggedPath;
import dev.sluice.gateway.inbound.telemetry.RequestId;
import dev.sluice.gateway.inbound.transport.ServerTransport;
import dev.sluice.gateway.inbound.transport.TransportProperties;
import dev.sluice.limits.Limiter;
import dev.sluice.limits.LocalLimiter;
import dev.sluice.limits.RedisLimiter;
import dev.sluice.limits.RedisLimiterSettings;
import io.lettuce.core.RedisClient;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
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
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;
import reactor.core.scheduler.Schedulers;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.cfg.CoercionAction;
import tools.jackson.databind.cfg.CoercionInputShape;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.type.LogicalType;

/**
 * The one place that decides in which order a request passes its guards.
 *
 * <ol>
 *   <li>the transport: header size, silence, clients that stop reading; costs nothing per request;
 *   <li>the access log, outside of everything, so that it sees every answer, and the request id, by which every later
 *       refusal can be found in it;
 *   <li>problems: everything below may fail, and fails as problem+json;
 *   <li>cross-origin headers, so that a page can read whatever comes; preflights are answered here;
 *   <li>the token, if there is one, and who the caller is: a forged token is refused before it is counted as anybody;
 *   <li>the settlement of whatever is admitted further in, and the freeing of what it holds, at the exchange's end;
 *   <li>method and media types: what can be refused before a byte of the body is read;
 *   <li>size, origin, access, limits, in the order that {@link Admission} gives;
 *   <li>the feature.
 * </ol>
 */
@Configuration(proxyBeanMethods = false)
@Import({ServerTransport.class, IdentityConfiguration.class, LimitsConfiguration.class})
@EnableConfigurationProperties(OriginProperties.class)
class Pipeline {

    @Bean
    LoggedPath loggedPath(ObjectProvider<FeatureRoutes> features) {
        return new LoggedPath(() -> features.stream()
                .flatMap(feature -> feature.endpoints().stream())
                .map(Endpoint::path)
                .distinct()
                .toList());
    }

    @Bean
    AccessLog accessLog(LoggedPath paths) {
        return new AccessLog(paths);
    }

    @Bean
    @Order(Ordered.HIGHEST_PRECEDENCE)
    RequestId requestId() {
        return new RequestId();
    }

    @Bean
    ProblemHandler problemHandler(JsonMapper json, LoggedPath paths) {
        return new ProblemHandler(json, paths);
    }

    @Bean
    OriginGuard originGuard(OriginProperties properties) {
        return new OriginGuard(properties);
    }

    @Bean
    ResourcesFilter resourcesAreFreed() {
        return new ResourcesFilter();
    }

    /** One that all processes share where there is a Redis; else this process counts alone. */
    @Bean
    Limiter limiter(
            @Qualifier("limiterRedisClient") ObjectProvider<RedisClient> redis,
            @Value("${sluice.redis.key-prefix}") String keyPrefix,
            MeterRegistry meters) {
        LimitMeters observer = new LimitMeters(meters);
        RedisClient client = redis.getIfAvailable();
        return client == null
                ? new LocalLimiter(Clock.systemUTC(), observer)
                : RedisLimiter.connect(
                        client,
                        RedisLimiterSettings.defaults().withKeyPrefix(keyPrefix),
                        Clock.systemUTC(),
                        Schedulers.parallel(),
                        observer);
    }

    @Bean
    Admission admission(
            TransportProperties transport, OriginGuard origins, AnonymousIdentity anonymous, LimitGuard limits) {
        BodyLimit bodies = new BodyLimit(transport.bodyMemory(), transport.bodyTimeout(), Schedulers.parallel());
        return new Admission(bodies, origins, new AccessGuard(anonymous), limits);
    }

    @Bean
    RouterFunction<ServerResponse> endpoints(ObjectProvider<FeatureRoutes> features, Admission admission) {
        // The more specific path first: /images/zip is no image's id.
        Map<PathPattern, List<Endpoint>> byPath = new TreeMap<>();
        features.orderedStream()
                .flatMap(feature -> feature.endpoints().stream())
                .forEach(endpoint -> byPath.computeIfAbsent(
                                PathPatternParser.defaultInstance.parse(endpoint.path()), path -> new ArrayList<>())
                        .add(endpoint));
        RouterFunctions.Builder routes = RouterFunctions.route();
        byPath.forEach((path, methods) ->
                routes.route(RequestPredicates.path(path.getPatternString()), new EndpointGate(methods, admission)));
        return routes.build();
    }

    /**
     * JSON is taken at its word: a number is not a string nor the name of a choice, nor 1.5 an integer; a member given
     * twice is a mistake.
     */
    @Bean
    JsonMapperBuilderCustomizer strictJson() {
        return mapper -> mapper.enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .enable(EnumFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
                .withCoercionConfig(
                        LogicalType.Textual,
                        text -> text.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                                .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                                .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
                .withCoercionConfig(
                        LogicalType.Integer,
                        integer -> integer.setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                                .setCoercion(CoercionInputShape.String, CoercionAction.Fail));
    }
}
