package dev.sluice.limits.redis;

import dev.sluice.limits.Budget;
import dev.sluice.limits.CalendarQuota;
import dev.sluice.limits.ConcurrencyLimit;
import dev.sluice.limits.Limit;
import dev.sluice.limits.LimitStatus;
import dev.sluice.limits.Mode;
import dev.sluice.limits.Policy;
import dev.sluice.limits.Scope;
import dev.sluice.limits.TokenBucket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/** Who decides which limit of a policy, computed once. */
final class CompiledPolicy {
    final Policy policy;
    /** Decided by bucket4j, before the others, in the policy's order. */
    final List<TokenBucket> first;
    /** Decided by the script, in the policy's order. */
    final List<CompiledLimit> limits;
    /** Milliseconds for which a request's record is kept. */
    final long recordMillis;
    /** How often its permits are renewed. */
    final Optional<Duration> renewalPeriod;

    CompiledPolicy(Policy policy, RedisLimiterSettings settings) {
        this.policy = policy;
        List<TokenBucket> ofAddresses = new ArrayList<>();
        List<CompiledLimit> others = new ArrayList<>();
        for (Limit limit : policy.limits()) {
            if (limit instanceof TokenBucket bucket && isFirst(bucket, settings)) {
                ofAddresses.add(bucket);
            } else {
                others.add(new CompiledLimit(limit, settings.keyPrefix()));
            }
        }
        first = List.copyOf(ofAddresses);
        limits = List.copyOf(others);
        recordMillis = recordFor(policy, settings).toMillis();
        renewalPeriod = ConcurrencyLimit.renewalPeriod(policy.limits());
    }

    /** A limit in shadow mode is not: nothing is refused by it, so nothing is spared. */
    static boolean isFirst(TokenBucket limit, RedisLimiterSettings settings) {
        return settings.addressLimits() == RedisLimiterSettings.AddressLimits.FIRST
                && limit.scope() == Scope.ADDRESS
                && limit.mode() == Mode.ENFORCED;
    }

    /** Rates alone are hardly ever corrected: their records only have to outlive a command sent twice. */
    private static Duration recordFor(Policy policy, RedisLimiterSettings settings) {
        Duration longest = settings.settledFor();
        for (Limit limit : policy.limits()) {
            Duration needed = switch (limit) {
                case ConcurrencyLimit concurrency -> concurrency.lease().plus(settings.settledFor());
                case CalendarQuota _, Budget _ -> settings.heldFor();
                case TokenBucket _ -> settings.settledFor();
            };
            longest = needed.compareTo(longest) > 0 ? needed : longest;
        }
        return longest;
    }

    /**
     * The statuses of all limits, in the policy's order.
     *
     * @param ofFirst of {@link #first}
     * @param verdict about {@link #limits}
     */
    List<LimitStatus> statuses(List<LimitStatus> ofFirst, Verdict verdict) {
        List<LimitStatus> statuses = new ArrayList<>(policy.limits().size());
        Iterator<LimitStatus> others = ofFirst.iterator();
        int next = 0;
        for (Limit limit : policy.limits()) {
            if (next < limits.size() && limits.get(next).limit.equals(limit)) {
                statuses.add(verdict.status(next++, limit));
            } else {
                statuses.add(others.next());
            }
        }
        return statuses;
    }
}
