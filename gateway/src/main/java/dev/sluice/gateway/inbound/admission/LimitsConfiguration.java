package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.contract.Alerts;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.inbound.identity.CallerLimits;
import dev.sluice.limits.Decision;
import dev.sluice.limits.Limit;
import dev.sluice.limits.LimitStatus;
import dev.sluice.limits.Limiter;
import dev.sluice.limits.Policy;
import dev.sluice.limits.Reservation;
import dev.sluice.limits.Scope;
import dev.sluice.limits.Subject;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.publisher.Mono;

/** Wires the limits: the table of the configuration, and the routes about limits themselves. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(LimitsProperties.class)
public class LimitsConfiguration {
    private static final Logger LOG = LoggerFactory.getLogger(LimitsConfiguration.class);

    @Bean
    RoutePolicies routePolicies(LimitsProperties properties, ObjectProvider<FeatureRoutes> features) {
        if (!properties.enabled()) {
            LOG.warn("Limits are off: LIMITS_ENABLED is false, nothing is counted and nothing refused");
        }
        List<Endpoint> endpoints = features.orderedStream()
                .flatMap(feature -> feature.endpoints().stream())
                .toList();
        return new RoutePolicies(properties, endpoints);
    }

    @Bean
    LimitGuard limitGuard(
            Limiter limiter, RoutePolicies policies, LimitsProperties properties, ObjectProvider<Alerts> alerts) {
        Limiter used = properties.enabled() ? limiter : new Off();
        Alerts silent = (key, message) -> LOG.warn("{}: {}", key, message);
        return new LimitGuard(used, policies, properties, alerts.getIfAvailable(() -> silent));
    }

    @Bean
    CallerLimits callerLimits(Limiter limiter, RoutePolicies policies, LimitsProperties properties) {
        return caller -> {
            if (!properties.enabled()) {
                return Mono.just(List.<LimitStatus>of());
            }
            List<Limit> personal = policies.limits().stream()
                    .filter(limit -> limit.scope() == Scope.SUBJECT)
                    .toList();
            return limiter.inspect(personal, new Subject(caller.subject(), caller.address()))
                    .onErrorResume(unknown -> Mono.just(List.of()));
        };
    }

    @Bean
    FeatureRoutes limitRoutes(Limiter limiter, ObjectProvider<RoutePolicies> policies) {
        return new LimitRoutes(
                limiter,
                scope -> policies.getObject().limits().stream()
                        .filter(limit -> limit.scope() == scope)
                        .toList());
    }

    /** Admits everything. */
    private static final class Off implements Limiter {
        @Override
        public Mono<Decision> admit(Policy policy, Subject subject, String requestId, Reservation reservation) {
            return Mono.just(new Decision.Admitted(usage -> Mono.empty(), List.of()));
        }

        @Override
        public Mono<List<LimitStatus>> inspect(List<Limit> limits, Subject subject) {
            return Mono.just(List.of());
        }

        @Override
        public Mono<Void> reset(List<Limit> limits, Subject subject) {
            return Mono.empty();
        }
    }
}
