package dev.sluice.limits;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Who decides which limit of a policy, worked out once. */
final class PolicyPlan {
    final Policy policy;
    /** Decided by bucket4j, before the others. */
    final List<TokenBucket> wall;

    final List<ScriptLimit> scripted;
    /** Milliseconds a request's record is kept. */
    final long recordMillis;
    /** How often its permits are renewed. */
    final Optional<Duration> renewalPeriod;

    PolicyPlan(Policy policy, RedisLimiterSettings settings) {
        this.policy = policy;
        List<TokenBucket> first = new ArrayList<>();
        List<ScriptLimit> others = new ArrayList<>();
        for (Limit limit : policy.limits()) {
            if (isWall(limit, settings)) {
                first.add((TokenBucket) limit);
            } else {
                others.add(new ScriptLimit(limit, settings.keyPrefix()));
            }
        }
        wall = List.copyOf(first);
        scripted = List.copyOf(others);
        recordMillis = recordFor(policy, settings).toMillis();
        renewalPeriod = Slots.renewalPeriod(policy.limits());
    }

    /** One in shadow mode is no wall: it would be asked for nothing but its opinion. */
    static boolean isWall(Limit limit, RedisLimiterSettings settings) {
        return settings.wall() == RedisLimiterSettings.Wall.BUCKET4J
                && limit instanceof TokenBucket
                && limit.scope() == Scope.ADDRESS
                && limit.mode() == Mode.ENFORCED;
    }

    /** Rates alone are hardly ever corrected: their records only have to outlive a command sent twice. */
    private static Duration recordFor(Policy policy, RedisLimiterSettings settings) {
        Duration longest = settings.settledFor();
        for (Limit limit : policy.limits()) {
            Duration needed = switch (limit) {
                case Slots slots -> slots.lease().plus(settings.settledFor());
                case CalendarQuota _, Budget _ -> settings.heldFor();
                case TokenBucket _ -> settings.settledFor();
            };
            longest = needed.compareTo(longest) > 0 ? needed : longest;
        }
        return longest;
    }
}
