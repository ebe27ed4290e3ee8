package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.limits.Budget;
import dev.sluice.limits.CalendarQuota;
import dev.sluice.limits.ConcurrencyLimit;
import dev.sluice.limits.FallbackMode;
import dev.sluice.limits.Limit;
import dev.sluice.limits.Mode;
import dev.sluice.limits.Scope;
import dev.sluice.limits.TokenBucket;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.ConfigurationPropertiesSource;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * The limits, the policies made of them, and the routes that each policy guards: a table, in {@code application.yml}.
 *
 * @param enabled whether anything is limited at all
 * @param definitions limits, by name
 * @param policies policies, by name: which limits guard which routes
 */
@ConfigurationProperties("sluice.limits")
public record LimitsProperties(
        @DefaultValue("true") boolean enabled,
        Map<String, Definition> definitions,
        Map<String, PolicyOfRoutes> policies) {

    /** The four kinds of limit. */
    public enum Kind {
        /** A token bucket. */
        RATE(ProblemCode.RATE_LIMITED, FallbackMode.COUNT_LOCALLY),
        /** Units a calendar day. */
        QUOTA(ProblemCode.QUOTA_EXCEEDED, FallbackMode.REFUSE),
        /** Requests at once. */
        SLOTS(ProblemCode.TOO_MANY_CONCURRENT, FallbackMode.COUNT_LOCALLY),
        /** Weighted units in a window of the clock. */
        BUDGET(ProblemCode.BUDGET_EXCEEDED, FallbackMode.REFUSE);

        private final ProblemCode code;
        private final FallbackMode outage;

        Kind(ProblemCode code, FallbackMode outage) {
            this.code = code;
            this.outage = outage;
        }
    }

    /**
     * One limit. ({@code unit} stands before {@code units} so that the metadata, which looks for the first name that
     * begins so, has its description.)
     *
     * @param kind kind of limit: {@code rate}, {@code quota}, {@code slots} or {@code budget}
     * @param per who shares a counter: {@code address}, {@code subject} (the caller) or {@code global} (all callers)
     * @param unit what the request's own account says was used, for example {@code bytes}, by which it is settled; as
     *     reserved if unset
     * @param units tokens a period of a rate, units a day of a quota, requests at once of slots, units a period of a
     *     budget; {@code 10GB} where bytes are counted
     * @param period period of a rate or budget; of slots, time after which a holder that died is forgotten
     * @param burst most tokens of a rate that can be taken at once; {@code units} if unset
     * @param reserve what a budget takes at first, where the request itself does not say; 1 if unset
     * @param anonymous whether it counts callers without a token alone, who have as many names as they ask for cookies
     * @param zone time zone whose midnight ends the day of a quota
     * @param shadow whether it refuses nothing, and only counts what it would have refused
     * @param onOutage what it does while Redis cannot be asked, {@code refuse} or {@code count_locally}; as its kind
     *     does if unset
     * @param code code of the problem by which it refuses; that of its kind if unset
     */
    @ConfigurationPropertiesSource
    public record Definition(
            Kind kind,
            Scope per,
            DataSize units,
            @DefaultValue("60s") Duration period,
            @Nullable DataSize burst,
            @DefaultValue("1") DataSize reserve,
            @Nullable String unit,
            boolean anonymous,
            @DefaultValue("UTC") ZoneId zone,
            boolean shadow,
            @Nullable FallbackMode onOutage,
            @Nullable ProblemCode code) {

        Limit limit(String name) {
            Mode mode = shadow ? Mode.SHADOW : Mode.ENFORCED;
            FallbackMode outage = onOutage == null ? kind.outage : onOutage;
            long most = units.toBytes();
            return switch (kind) {
                case RATE ->
                    new TokenBucket(name, per, most, period, burst == null ? most : burst.toBytes(), mode, outage);
                case QUOTA -> new CalendarQuota(name, per, most, zone, mode, outage);
                case SLOTS -> new ConcurrencyLimit(name, per, most, period, mode, outage);
                case BUDGET -> new Budget(name, per, most, period, reserve.toBytes(), mode, outage);
            };
        }

        /** What a refusal by this limit is called. */
        public ProblemCode problem() {
            return code == null ? kind.code : code;
        }
    }

    /**
     * Which limits guard which routes.
     *
     * @param routes names of the routes that it guards
     * @param limits names of the limits, in the order in which they are judged
     */
    @ConfigurationPropertiesSource
    public record PolicyOfRoutes(List<String> routes, List<String> limits) {}

    /** Checks that every name is known. */
    public LimitsProperties {
        definitions = Map.copyOf(definitions);
        policies = Map.copyOf(policies);
        Map<String, Definition> known = definitions;
        policies.forEach((policy, content) -> content.limits().forEach(limit -> {
            if (!known.containsKey(limit)) {
                throw new IllegalArgumentException(
                        "sluice.limits.policies." + policy + ".limits: " + limit + " (expected: one of "
                                + known.keySet().stream().sorted().toList() + ")");
            }
        }));
    }
}
