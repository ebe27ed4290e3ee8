package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.contract.Access;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.limits.Limit;
import dev.sluice.limits.Policy;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Which policy guards which route. No route that does anything is without one. */
public final class RoutePolicies {
    private final Map<String, Policy> byRoute = new LinkedHashMap<>();
    private final List<Limit> limits;

    /**
     * Reads the table.
     *
     * @throws IllegalArgumentException naming a route that is guarded twice or not at all
     */
    public RoutePolicies(LimitsProperties properties, Collection<Endpoint> endpoints) {
        properties.policies().forEach((name, content) -> {
            Policy policy = new Policy(
                    name,
                    content.limits().stream()
                            .map(limit -> Objects.requireNonNull(
                                            properties.definitions().get(limit))
                                    .limit(limit))
                            .toList());
            for (String route : content.routes()) {
                if (byRoute.put(route, policy) != null) {
                    throw new IllegalArgumentException("sluice.limits.policies." + name + ".routes: " + route
                            + " is in another policy too (expected: each route in one)");
                }
            }
        });
        limits = byRoute.values().stream()
                .flatMap(policy -> policy.limits().stream())
                .distinct()
                .toList();
        refuseUnguarded(endpoints);
    }

    /** The policy of a route, or null when it is public and uncounted. */
    @Nullable Policy of(Endpoint endpoint) {
        return byRoute.get(endpoint.name());
    }

    /** Every limit that guards a route. */
    List<Limit> limits() {
        return limits;
    }

    private void refuseUnguarded(Collection<Endpoint> endpoints) {
        Set<String> unguarded = endpoints.stream()
                .filter(endpoint -> endpoint.access() != Access.PUBLIC)
                .map(Endpoint::name)
                .filter(route -> !byRoute.containsKey(route))
                .collect(Collectors.toCollection(TreeSet::new));
        if (!unguarded.isEmpty()) {
            throw new IllegalArgumentException(
                    "sluice.limits.policies: no policy names the routes " + unguarded + " (expected: one each)");
        }
    }
}
