package dev.sluice.limits.redis;

import dev.sluice.limits.Budget;
import dev.sluice.limits.CalendarQuota;
import dev.sluice.limits.ConcurrencyLimit;
import dev.sluice.limits.Limit;
import dev.sluice.limits.Mode;
import dev.sluice.limits.Policy;
import dev.sluice.limits.Scope;
import dev.sluice.limits.Subject;
import dev.sluice.limits.TokenBucket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Who decides which limit of a policy, computed once. */
final class CompiledPolicy {
    final Policy policy;
    /** Decided by bucket4j, before the others, in the policy's order. */
    final List<TokenBucket> first;
    /** Their places in the policy. */
    final int[] firstIndexes;
    /** Decided by what this process has of them, after those. */
    final List<CompiledLimit> leased;
    /** Decided by the script, one part after the other. */
    final List<Part> parts;
    /** How often its permits are renewed. */
    final Optional<Duration> renewalPeriod;

    CompiledPolicy(Policy policy, RedisLimiterSettings settings, Topology topology) {
        this.policy = policy;
        List<TokenBucket> ofAddresses = new ArrayList<>();
        List<CompiledLimit> leases = new ArrayList<>();
        List<CompiledLimit> others = new ArrayList<>();
        int[] indexes = new int[policy.limits().size()];
        for (int i = 0; i < indexes.length; i++) {
            Limit limit = policy.limits().get(i);
            CompiledLimit compiled = new CompiledLimit(limit, i, settings.keyPrefix());
            if (limit instanceof TokenBucket bucket && isFirst(bucket, settings)) {
                indexes[ofAddresses.size()] = i;
                ofAddresses.add(bucket);
            } else if (compiled.isLeased()) {
                leases.add(compiled);
            } else {
                others.add(compiled);
            }
        }
        first = List.copyOf(ofAddresses);
        firstIndexes = indexes;
        leased = List.copyOf(leases);
        parts = topology.parts(others).stream()
                .map(some -> new Part(some, settings, topology))
                .toList();
        renewalPeriod = ConcurrencyLimit.renewalPeriod(policy.limits());
    }

    /** A limit in shadow mode is not: nothing is refused by it, so nothing is spared. */
    static boolean isFirst(TokenBucket limit, RedisLimiterSettings settings) {
        return settings.addressLimits() == RedisLimiterSettings.AddressLimits.FIRST
                && limit.scope() == Scope.ADDRESS
                && limit.mode() == Mode.ENFORCED;
    }

    /** Which keys one command can have, and so what is decided by one. */
    enum Topology {
        /** All: whatever comes together goes together. */
        ONE_NODE,
        /** Those of one slot. */
        CLUSTER;

        /**
         * The limits that are decided together. What refuses most often comes first: what was taken before is given
         * back then, and is missed by others until that is done.
         */
        private List<List<CompiledLimit>> parts(List<CompiledLimit> limits) {
            if (limits.isEmpty()) {
                return List.of();
            } else if (this == ONE_NODE) {
                return List.of(List.copyOf(limits));
            }
            List<List<CompiledLimit>> parts = new ArrayList<>();
            parts.add(of(Scope.ADDRESS, limits));
            parts.add(of(Scope.SUBJECT, limits));
            of(Scope.GLOBAL, limits).forEach(limit -> parts.add(List.of(limit)));
            parts.removeIf(List::isEmpty);
            return parts;
        }

        private static List<CompiledLimit> of(Scope scope, List<CompiledLimit> limits) {
            return limits.stream().filter(limit -> limit.limit.scope() == scope).toList();
        }

        /** Requests of one shard can share a command. */
        String shard(String tag) {
            return this == ONE_NODE ? "" : tag;
        }
    }

    /** Limits that one command decides. */
    static final class Part {
        final List<CompiledLimit> limits;
        /** Which of them has the value that the records of requests are in. */
        final int home;
        /** Of each limit, the first one whose counter lies in the same value: all of one caller, or of one address. */
        final int[] firstOfValue;
        /** Milliseconds for which a request's record is kept. */
        final long recordMillis;
        /** Whether renewing a permit has anything to say about it. */
        final boolean isRenewed;

        private final Topology topology;

        private Part(List<CompiledLimit> limits, RedisLimiterSettings settings, Topology topology) {
            this.limits = limits;
            this.topology = topology;
            recordMillis = recordFor(settings).toMillis();
            home = home(limits);
            firstOfValue = firstOfValue(limits);
            isRenewed = !limits.stream().allMatch(limit -> limit.limit instanceof TokenBucket);
        }

        private static int[] firstOfValue(List<CompiledLimit> limits) {
            int[] first = new int[limits.size()];
            for (int i = 0; i < first.length; i++) {
                Scope scope = limits.get(i).limit.scope();
                first[i] = i;
                for (int j = i - 1; j >= 0 && scope != Scope.GLOBAL; j--) {
                    first[i] = limits.get(j).limit.scope() == scope ? j : first[i];
                }
            }
            return first;
        }

        /** That of the caller, which few requests share, if there is one. */
        private static int home(List<CompiledLimit> limits) {
            for (int i = 0; i < limits.size(); i++) {
                if (limits.get(i).limit.scope() == Scope.SUBJECT) {
                    return i;
                }
            }
            return 0;
        }

        /** Rates alone are hardly ever corrected: their records only have to outlive a command sent twice. */
        private Duration recordFor(RedisLimiterSettings settings) {
            Duration longest = settings.settledFor();
            for (CompiledLimit compiled : limits) {
                Duration needed = switch (compiled.limit) {
                    case ConcurrencyLimit concurrency -> concurrency.lease().plus(settings.settledFor());
                    case CalendarQuota _, Budget _ -> settings.correctableFor();
                    case TokenBucket _ -> settings.settledFor();
                };
                longest = needed.compareTo(longest) > 0 ? needed : longest;
            }
            return longest;
        }

        /** What its records share a slot by; with one node, always of the same length. */
        String tag(Subject subject) {
            return topology == Topology.ONE_NODE
                    ? Tags.of(subject.id())
                    : limits.getFirst().tag(subject);
        }

        String shard(String tag) {
            return topology.shard(tag);
        }
    }
}
