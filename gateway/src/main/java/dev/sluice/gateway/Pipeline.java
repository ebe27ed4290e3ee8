package dev.sluice.gateway;

import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.inbound.Endpoints;
import dev.sluice.gateway.inbound.RequestFilter;
import dev.sluice.gateway.inbound.admission.AccessGuard;
import dev.sluice.gateway.inbound.admission.AdmissionChain;
import dev.sluice.gateway.inbound.admission.BodyLimit;
import dev.sluice.gateway.inbound.admission.CorsGuard;
import dev.sluice.gateway.inbound.admission.CorsProperties;
import dev.sluice.gateway.inbound.admission.LimitGuard;
import dev.sluice.gateway.inbound.admission.LimitMeters;
import dev.sluice.gateway.inbound.admission.LimitsConfiguration;
import dev.sluice.gateway.inbound.admission.TracedLimiter;
import dev.sluice.gateway.inbound.identity.AnonymousIdentity;
import dev.sluice.gateway.inbound.identity.Callers;
import dev.sluice.gateway.inbound.identity.IdentityConfiguration;
import dev.sluice.gateway.inbound.problem.ProblemHandler;
import dev.sluice.gateway.inbound.telemetry.AccessLog;
import dev.sluice.gateway.inbound.telemetry.DroppedErrors;
import dev.sluice.gateway.inbound.telemetry.LoggedPath;
import dev.sluice.gateway.inbound.telemetry.RequestTimers;
import dev.sluice.gateway.inbound.telemetry.RequestTraces;
import dev.sluice.gateway.inbound.telemetry.TracingConfiguration;
import dev.sluice.gateway.inbound.transport.ServerTransport;
import dev.sluice.gateway.inbound.transport.TransportProperties;
import dev.sluice.gateway.outbound.redis.OtherConnection;
import dev.sluice.gateway.outbound.redis.RedisProperties;
import dev.sluice.limits.Limiter;
import dev.sluice.limits.local.LocalLimiter;
import dev.sluice.limits.redis.RedisLimiter;
import dev.sluice.limits.redis.RedisLimiterSettings;
import dev.sluice.limits.redis.connection.SilentConnections;
import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.RedisClient;
import io.lettuce.core.cluster.RedisClusterClient;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.jackson.autoconfigure.JsonMapperBuilderCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.http.codec.ServerCodecConfigurer;
import reactor.core.scheduler.Schedulers;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.cfg.CoercionAction;
import tools.jackson.databind.cfg.CoercionInputShape;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.type.LogicalType;

/**
 * Wires the way of a request: the transport (header size, silence, clients that stop reading) costs nothing a request;
 * around everything stand the access log, which sees every answer, and the problems, by which whatever fails further in
 * ends as problem+json; then {@link RequestFilter}, whose class comment has the rest of the order.
 */
@Configuration(proxyBeanMethods = false)
@Import({ServerTransport.class, TracingConfiguration.class, IdentityConfiguration.class, LimitsConfiguration.class})
@EnableConfigurationProperties(CorsProperties.class)
class Pipeline {
    private static final Duration LONGEST_PREPARATION = Duration.ofSeconds(2);
    private static final Duration SHORTEST_SILENCE = Duration.ofSeconds(3);
    private static final long SHORTEST_DECISION_MS = 10;
    private static final long LONGEST_DECISION_MS = 10_000;
    /** The tag that the keys of links and purges have; those of limits have their own. */
    private static final Pattern LIMITS_TAG = Pattern.compile("[{}]");

    @Bean
    LoggedPath loggedPath(ObjectProvider<FeatureRoutes> features) {
        return new LoggedPath(() -> features.stream()
                .flatMap(feature -> feature.endpoints().stream())
                .map(Endpoint::path)
                .distinct()
                .toList());
    }

    Pipeline() {
        DroppedErrors.watch();
    }

    @Bean
    AccessLog accessLog(LoggedPath paths, MeterRegistry meters, ObjectProvider<RequestTraces> traces) {
        return new AccessLog(paths, new RequestTimers(meters), traces.getIfAvailable());
    }

    @Bean
    ProblemHandler problemHandler(JsonMapper json, LoggedPath paths) {
        return new ProblemHandler(json, paths);
    }

    @Bean
    CorsGuard originGuard(CorsProperties properties) {
        return new CorsGuard(properties);
    }

    /** One that all processes share where there is a Redis; else this process counts alone. */
    @Bean
    Limiter limiter(
            @Qualifier("limiterRedisClient") ObjectProvider<AbstractRedisClient> redis,
            RedisProperties properties,
            MeterRegistry meters,
            ObjectProvider<RequestTraces> traces) {
        LimitMeters observer = new LimitMeters(meters);
        RedisLimiterSettings settings = limiterSettings(properties.keyPrefix(), properties.commandTimeout());
        @Nullable RedisLimiter shared = switch (redis.getIfAvailable()) {
            case RedisClusterClient cluster ->
                RedisLimiter.connect(cluster, settings, Clock.systemUTC(), Schedulers.parallel(), observer);
            case RedisClient node ->
                RedisLimiter.connect(node, settings, Clock.systemUTC(), Schedulers.parallel(), observer);
            case null, default -> null;
        };
        if (shared == null) {
            return new LocalLimiter(Clock.systemUTC(), observer);
        }
        return traces.getIfAvailable() == null ? shared : new TracedLimiter(shared);
    }

    /**
     * Ends connections to Redis on which nothing is answered, of all its clients: so that a promotion is followed
     * though the old master stands still. A command that is late is none of that silence.
     */
    @Bean
    SilentConnections silentConnections(RedisProperties properties) {
        Duration twoCommands = properties.commandTimeout().multipliedBy(2);
        return new SilentConnections(twoCommands.compareTo(SHORTEST_SILENCE) > 0 ? twoCommands : SHORTEST_SILENCE);
    }

    /** Health tells of the connection of limits too. */
    @Bean
    OtherConnection limitsConnection(Limiter limiter) {
        return new OtherConnection("limits", limiter.faults());
    }

    /** A decision has half as long again as a command, 10 ms to 10 s. */
    static RedisLimiterSettings limiterSettings(String keyPrefix, Duration commandTimeout) {
        long decision = Math.clamp(commandTimeout.toMillis() * 3 / 2, SHORTEST_DECISION_MS, LONGEST_DECISION_MS);
        return RedisLimiterSettings.defaults()
                .withKeyPrefix(LIMITS_TAG.matcher(keyPrefix).replaceAll(""))
                .withTimes(Duration.ofMillis(decision), commandTimeout);
    }

    /**
     * Before the gateway says that it is ready, Redis knows the scripts and has answered once; a Redis that is not
     * there is not waited for any longer, for the gateway serves without it what it may.
     */
    @Bean
    ApplicationRunner preparedLimiter(Limiter limiter) {
        return _ -> limiter.prepare()
                .timeout(LONGEST_PREPARATION)
                .onErrorComplete()
                .toFuture()
                .join();
    }

    @Bean
    AdmissionChain admission(
            TransportProperties transport, CorsGuard origins, AnonymousIdentity anonymous, LimitGuard limits) {
        BodyLimit bodies = new BodyLimit(transport.bodyMemory(), transport.bodyTimeout(), Schedulers.parallel());
        return new AdmissionChain(bodies, origins, new AccessGuard(anonymous), limits);
    }

    @Bean
    RequestFilter requestFilter(
            CorsGuard origins,
            Callers callers,
            ObjectProvider<FeatureRoutes> features,
            AdmissionChain admission,
            ServerCodecConfigurer codecs) {
        List<Endpoint> endpoints = features.orderedStream()
                .flatMap(feature -> feature.endpoints().stream())
                .toList();
        return new RequestFilter(origins, callers, new Endpoints(endpoints, admission, codecs));
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
