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
import java.util.List;
import java.util.Optional;

/** A policy as the script decides it, computed once. */
final class CompiledPolicy {
    final Policy policy;
    /** First those that count attempts, then the others, both in the policy's order. */
    final List<CompiledLimit> limits;
    /** How many of the first limits count attempts. */
    final int attempts;
    /** Milliseconds for which a request's record is kept. */
    final long recordMillis;
    /** How often its permits are renewed. */
    final Optional<Duration> renewalPeriod;
    /** The position in the policy of each of {@link #limits}. */
    private final int[] positions;

    CompiledPolicy(Policy policy, RedisLimiterSettings settings) {
        this.policy = policy;
        List<Limit> ordered = new ArrayList<>();
        for (Limit limit : policy.limits()) {
            if (countsAttempts(limit, settings)) {
                ordered.add(limit);
            }
        }
        attempts = ordered.size();
        for (Limit limit : policy.limits()) {
            if (!countsAttempts(limit, settings)) {
                ordered.add(limit);
            }
        }
        limits = ordered.stream()
                .map(limit -> new CompiledLimit(limit, settings.keyPrefix()))
                .toList();
        positions = ordered.stream().mapToInt(policy.limits()::indexOf).toArray();
        recordMillis = recordFor(policy, settings).toMillis();
        renewalPeriod = ConcurrencyLimit.renewalPeriod(policy.limits());
    }

    /** A limit in shadow mode does not: nothing is refused by it, so nothing is spared. */
    private static boolean countsAttempts(Limit limit, RedisLimiterSettings settings) {
        return settings.addressLimits() == RedisLimiterSettings.AddressLimits.FIRST
                && limit instanceof TokenBucket
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

    /** The status of each limit that was asked, in the policy's order. */
    List<LimitStatus> statuses(Verdict verdict) {
        int asked = verdict.limits();
        LimitStatus[] statuses = new LimitStatus[asked];
        for (int i = 0; i < asked; i++) {
            // The first ones are in the policy's order among themselves; all of them are, by their positions.
            int position = asked == limits.size() ? positions[i] : i;
            statuses[position] = verdict.status(i, limits.get(i).limit);
        }
        return List.of(statuses);
    }
}
