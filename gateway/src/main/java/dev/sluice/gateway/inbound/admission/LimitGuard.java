package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.contract.Alerts;
import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.contract.http.RetryAfter;
import dev.sluice.limits.Decision;
import dev.sluice.limits.Decision.Admitted;
import dev.sluice.limits.Decision.Cause;
import dev.sluice.limits.Decision.Refused;
import dev.sluice.limits.Decision.Violation;
import dev.sluice.limits.Limit;
import dev.sluice.limits.Limiter;
import dev.sluice.limits.Policy;
import dev.sluice.limits.Reservation;
import dev.sluice.limits.Scope;
import dev.sluice.limits.Subject;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** Asks for one decision over all limits of a route. The permit is settled when the exchange ends. */
public final class LimitGuard {
    private final Limiter limiter;
    private final RoutePolicies policies;
    private final Alerts alerts;
    private final Map<String, ProblemCode> codes = new HashMap<>();
    private final Map<String, String> units = new HashMap<>();
    private final IdentityHashMap<Policy, PreparedPolicy> prepared = new IdentityHashMap<>();
    private final String process = HexFormat.of().toHexDigits(new SecureRandom().nextLong());
    private final AtomicLong admissions = new AtomicLong();

    /**
     * What is the same for all requests under a policy.
     *
     * @param units which limit is settled by which unit of the request's account
     */
    private record PreparedPolicy(RateLimitFields fields, Map<String, String> units) {}

    /** A guard by the table of {@code properties}. */
    public LimitGuard(Limiter limiter, RoutePolicies policies, LimitsProperties properties, Alerts alerts) {
        this.limiter = limiter;
        this.policies = policies;
        this.alerts = alerts;
        properties.definitions().forEach((name, definition) -> {
            codes.put(name, definition.problem());
            String unit = definition.unit();
            if (unit != null) {
                units.put(name, unit);
            }
        });
        policies.all()
                .forEach(policy ->
                        prepared.put(policy, new PreparedPolicy(new RateLimitFields(policy), unitsOf(policy))));
    }

    /** Completes when the request may go on; errors with the code of the first limit that it violates. */
    public Mono<Void> check(Endpoint endpoint, ServerRequest request) {
        ServerWebExchange exchange = request.exchange();
        Caller caller = RequestContext.of(exchange).caller();
        Policy policy = policies.of(endpoint, caller);
        if (policy == null) {
            return Mono.empty();
        }
        // Never the id that a client may choose: one id counts once.
        String admissionId = process + "-" + Long.toHexString(admissions.incrementAndGet());
        Subject subject = new Subject(caller.subject(), caller.address());
        Mono<Void> decided = endpoint.estimate()
                .apply(request)
                .flatMap(most -> limiter.admit(policy, subject, admissionId, reservation(policy, most)))
                // Acted on at once, wherever it arrives: a permit on its way to another thread could be lost there.
                .doOnNext(decision -> act(decision, policy, exchange))
                .then();
        return ResumeOnEventLoop.of(decided, exchange);
    }

    private Reservation reservation(Policy policy, Map<String, Long> most) {
        if (most.isEmpty()) {
            return Reservation.ofTheLimits();
        }
        Map<String, Long> reserved = new HashMap<>();
        Objects.requireNonNull(prepared.get(policy)).units().forEach((limit, unit) -> {
            Long units = most.get(unit);
            if (units != null) {
                reserved.put(limit, Math.max(1, units));
            }
        });
        return new Reservation(reserved);
    }

    private void act(Decision decision, Policy policy, ServerWebExchange exchange) {
        PreparedPolicy known = Objects.requireNonNull(prepared.get(policy));
        known.fields().write(exchange.getResponse().getHeaders(), decision);
        switch (decision) {
            case Admitted admitted -> ExchangeScope.register(exchange, admitted.permit(), known.units());
            case Refused refused -> {
                alert(refused.first(), policy);
                throw problem(refused);
            }
        }
    }

    private GatewayException problem(Refused refused) {
        Violation first = refused.first();
        Duration wait = refused.violations().stream()
                .map(Violation::retryAfter)
                .max(Comparator.naturalOrder())
                .orElseThrow();
        String detail = first.cause() == Cause.EXCEEDED
                ? "limit " + first.limit() + ": used up (expected: to wait " + RetryAfter.seconds(first.retryAfter())
                        + " s)"
                : "limit " + first.limit() + ": its counter cannot be read, so nothing is spent";
        return new GatewayException(code(first), detail)
                .with(
                        "violations",
                        refused.violations().stream().map(this::shown).toList())
                .retryAfter(wait);
    }

    private SequencedMap<String, Object> shown(Violation violation) {
        SequencedMap<String, Object> shown = new LinkedHashMap<>();
        shown.put("limit", violation.limit());
        shown.put("code", code(violation).code());
        shown.put("retryAfterSeconds", RetryAfter.seconds(violation.retryAfter()));
        return shown;
    }

    private ProblemCode code(Violation violation) {
        return violation.cause() == Cause.UNAVAILABLE
                ? ProblemCode.LIMITS_UNAVAILABLE
                : Objects.requireNonNull(codes.get(violation.limit()));
    }

    /** What everybody shares is used up: that is the operator's matter, not the caller's. */
    private void alert(Violation violation, Policy policy) {
        boolean shared = policy.limits().stream()
                .anyMatch(limit -> limit.name().equals(violation.limit()) && limit.scope() == Scope.GLOBAL);
        if (shared && violation.cause() == Cause.EXCEEDED) {
            alerts.warn(
                    code(violation).code() + ":" + violation.limit(),
                    "The limit " + violation.limit() + " that all callers share is used up; requests under the policy "
                            + policy.name() + " are refused.");
        }
    }

    private Map<String, String> unitsOf(Policy policy) {
        Map<String, String> settled = new HashMap<>();
        for (Limit limit : policy.limits()) {
            String unit = units.get(limit.name());
            if (unit != null) {
                settled.put(limit.name(), unit);
            }
        }
        return Map.copyOf(settled);
    }
}
