package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.contract.http.RetryAfter;
import dev.sluice.limits.Budget;
import dev.sluice.limits.CalendarQuota;
import dev.sluice.limits.ConcurrencyLimit;
import dev.sluice.limits.Decision;
import dev.sluice.limits.Decision.Violation;
import dev.sluice.limits.Limit;
import dev.sluice.limits.LimitStatus;
import dev.sluice.limits.Policy;
import dev.sluice.limits.Scope;
import dev.sluice.limits.TokenBucket;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.springframework.http.HttpHeaders;

/**
 * Tells the caller where it stands: {@code RateLimit-Policy} and {@code RateLimit} as structured fields (RFC 9651), and
 * the {@code X-RateLimit-*} of older clients for the limit that is nearest to its end. What all callers share is not
 * told: it would tell one how busy the others are.
 *
 * @see <a href="https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/">RateLimit header fields</a>
 */
final class RateLimitFields {

    private final Set<String> shared;
    private final String policyField;

    /** Of the limits of {@code policy}. */
    RateLimitFields(Policy policy) {
        shared = policy.limits().stream()
                .filter(limit -> limit.scope() == Scope.GLOBAL)
                .map(Limit::name)
                .collect(Collectors.toUnmodifiableSet());
        policyField = policy.limits().stream()
                .filter(limit -> !shared.contains(limit.name()))
                .map(RateLimitFields::policy)
                .collect(Collectors.joining(", "));
    }

    /** Tells of {@code decision}, which was made under this policy. */
    void write(HttpHeaders headers, Decision decision) {
        List<LimitStatus> statuses = shared.isEmpty()
                ? decision.statuses()
                : decision.statuses().stream()
                        .filter(status -> !shared.contains(status.limit()))
                        .toList();
        if (statuses.isEmpty()) {
            return;
        }
        headers.set("RateLimit-Policy", policyField);
        headers.set("RateLimit", field(statuses));
        LimitStatus nearest = nearest(statuses, decision);
        headers.set("X-RateLimit-Limit", Long.toString(nearest.capacity()));
        headers.set("X-RateLimit-Remaining", Long.toString(nearest.remaining()));
        headers.set("X-RateLimit-Reset", Long.toString(RetryAfter.delaySeconds(nearest.resetsIn())));
    }

    private static String field(List<LimitStatus> statuses) {
        StringBuilder field = new StringBuilder();
        for (LimitStatus status : statuses) {
            field.append(field.isEmpty() ? "\"" : ", \"")
                    .append(status.limit())
                    .append("\";r=")
                    .append(status.remaining())
                    .append(";t=")
                    .append(RetryAfter.delaySeconds(status.resetsIn()));
        }
        return field.toString();
    }

    private static String policy(Limit limit) {
        return "\"%s\";q=%d".formatted(limit.name(), limit.capacity())
                + switch (limit) {
                    case TokenBucket bucket -> ";w=" + refill(bucket).toSeconds();
                    case CalendarQuota _ -> ";w=86400";
                    case Budget budget -> ";w=" + budget.window().toSeconds();
                    case ConcurrencyLimit _ -> ";qu=\"concurrent-requests\"";
                };
    }

    /** How long an empty bucket takes to fill. */
    private static Duration refill(TokenBucket bucket) {
        return Duration.ofSeconds(
                Math.max(1, Math.ceilDiv(bucket.period().toSeconds() * bucket.burst(), bucket.tokens())));
    }

    private static LimitStatus nearest(List<LimitStatus> statuses, Decision decision) {
        if (decision instanceof Decision.Refused refused) {
            for (Violation violation : refused.violations()) {
                for (LimitStatus status : statuses) {
                    if (status.limit().equals(violation.limit())) {
                        return status;
                    }
                }
            }
        }
        return statuses.stream()
                .min(Comparator.comparingDouble(status -> (double) status.remaining() / status.capacity()))
                .orElseThrow();
    }
}
