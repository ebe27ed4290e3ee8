package dev.sluice.limits;

import io.github.bucket4j.ConsumptionProbe;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** One request's question to the wall: all of its buckets at once. */
final class WallAsked {
    private WallAsked() {}

    /**
     * What the wall says.
     *
     * @param violations none if it admits
     * @param standings of the wall's limits
     */
    record Answer(List<Decision.Violation> violations, List<Standing> standings) {}

    /** Never throws. */
    static CompletionStage<Answer> of(BucketWall wall, Admission admission) {
        List<TokenBucket> limits = admission.plan.wall;
        List<CompletableFuture<ConsumptionProbe>> probes = new ArrayList<>(limits.size());
        try {
            for (TokenBucket limit : limits) {
                probes.add(wall.take(limit, admission.subject));
            }
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
        return CompletableFuture.allOf(probes.toArray(CompletableFuture<?>[]::new))
                .thenApply(_ -> answer(limits, probes));
    }

    private static Answer answer(List<TokenBucket> limits, List<CompletableFuture<ConsumptionProbe>> probes) {
        List<Decision.Violation> violations = new ArrayList<>();
        List<Standing> standings = new ArrayList<>(limits.size());
        for (int i = 0; i < limits.size(); i++) {
            TokenBucket limit = limits.get(i);
            ConsumptionProbe probe = probes.get(i).join();
            standings.add(BucketWall.standing(limit, probe.getRemainingTokens(), probe.getNanosToWaitForReset()));
            if (!probe.isConsumed()) {
                violations.add(new Decision.Violation(
                        limit.name(),
                        Decision.Cause.EXCEEDED,
                        Duration.ofNanos(Math.max(1, probe.getNanosToWaitForRefill()))));
            }
        }
        return new Answer(violations, standings);
    }
}
