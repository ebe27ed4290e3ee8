package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.contract.Access;
import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.inbound.admission.LimitsProperties.Definition;
import dev.sluice.gateway.inbound.admission.LimitsProperties.PolicyOfRoutes;
import dev.sluice.limits.Limit;
import dev.sluice.limits.Policy;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Which policy guards which route. No route that does anything is without one. */
public final class RoutePolicies {
    private final Map<String, Policy> byRoute = new LinkedHashMap<>();
    private final Map<String, Policy> forSignedIn = new HashMap<>();
    private final List<Limit> limits;

    /**
     * Reads the table.
     *
     * @throws IllegalArgumentException naming a route that is guarded twice or not at all
     */
    public RoutePolicies(LimitsProperties properties, Collection<Endpoint> endpoints) {
        properties.policies().forEach((name, content) -> {
            Policy policy = policy(name, content, properties, definition -> true);
            Policy signedIn = policy(name, content, properties, definition -> !definition.anonymous());
            for (String route : content.routes()) {
                if (byRoute.put(route, policy) != null) {
                    throw new IllegalArgumentException("sluice.limits.policies." + name + ".routes: " + route
                            + " is in another policy too (expected: each route in one)");
                }
                forSignedIn.put(route, signedIn);
            }
        });
        limits = byRoute.values().stream()
                .flatMap(policy -> policy.limits().stream())
                .distinct()
                .toList();
        refuseUnguarded(endpoints);
    }

    private static Policy policy(
            String name, PolicyOfRoutes content, LimitsProperties properties, Predicate<Definition> counts) {
        return new Policy(
                name,
                content.limits().stream()
                        .filter(limit -> counts.test(definition(limit, properties)))
                        .map(limit -> definition(limit, properties).limit(limit))
                        .toList());
    }

    private static Definition definition(String limit, LimitsProperties properties) {
        return Objects.requireNonNull(properties.definitions().get(limit));
    }

    /** The policy of a route for a caller, or null when the route is public and uncounted. */
    @Nullable Policy of(Endpoint endpoint, Caller caller) {
        return (caller.signedIn() ? forSignedIn : byRoute).get(endpoint.name());
    }

    /** All of them. */
    Collection<Policy> all() {
        return Stream.concat(byRoute.values().stream(), forSignedIn.values().stream())
                .toList();
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
