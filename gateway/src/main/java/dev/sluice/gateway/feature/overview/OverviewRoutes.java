package dev.sluice.gateway.feature.overview;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.sluice.gateway.contract.Access;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What the gateway did in the last hour and how what it depends on is now. */
final class OverviewRoutes implements FeatureRoutes {
    private static final Duration LONGEST_CHECK = Duration.ofSeconds(3);

    /** Where indicators say why, the shortest first. */
    private static final List<String> REASONS = List.of("refusal", "failure", "reason", "error");

    private final MeterHistory history;
    private final Map<String, ReactiveHealthIndicator> indicators;

    OverviewRoutes(MeterHistory history, Map<String, ReactiveHealthIndicator> indicators) {
        this.history = history;
        this.indicators = indicators;
    }

    /**
     * The whole answer.
     *
     * @param components what the gateway depends on, by name
     */
    record Overview(@JsonUnwrapped MeterHistory.LastHour lastHour, List<Component> components) {}

    /**
     * Something that the gateway depends on.
     *
     * @param status for example {@code UP} or {@code DOWN}
     * @param reason why it is not up
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Component(String name, String status, @Nullable String reason) {}

    @Override
    public List<Endpoint> endpoints() {
        return List.of(Endpoint.get("overview.show", "/api/admin/overview", MediaType.APPLICATION_JSON, this::show)
                .openTo(Access.ADMIN));
    }

    private Mono<ServerResponse> show(ServerRequest request) {
        return Flux.fromIterable(indicators.entrySet())
                .flatMapSequential(entry -> component(entry.getKey(), entry.getValue()))
                .collectList()
                .flatMap(components -> ServerResponse.ok()
                        .header(HttpHeaders.CACHE_CONTROL, "no-store")
                        .contentType(MediaType.APPLICATION_JSON)
                        .bodyValue(new Overview(history.lastHour(), components)));
    }

    private static Mono<Component> component(String name, ReactiveHealthIndicator indicator) {
        return indicator
                .health()
                .map(health -> new Component(name, health.getStatus().getCode(), reason(health)))
                .timeout(LONGEST_CHECK, Mono.just(new Component(name, Status.DOWN.getCode(), "It does not answer.")))
                .onErrorResume(failed ->
                        Mono.just(new Component(name, Status.DOWN.getCode(), String.valueOf(failed.getMessage()))));
    }

    private static @Nullable String reason(Health health) {
        if (Status.UP.equals(health.getStatus())) {
            return null;
        }
        return REASONS.stream()
                .map(health.getDetails()::get)
                .filter(Objects::nonNull)
                .map(Object::toString)
                .findFirst()
                .orElse(null);
    }
}
