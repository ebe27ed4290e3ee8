package dev.sluice.limits.redis;

import dev.sluice.limits.Decision;
import dev.sluice.limits.FallbackMode;
import dev.sluice.limits.Limit;
import dev.sluice.limits.LimitStatus;
import dev.sluice.limits.LimiterObserver;
import dev.sluice.limits.Permit;
import dev.sluice.limits.Reservation;
import dev.sluice.limits.Subject;
import dev.sluice.limits.TokenBucket;
import dev.sluice.limits.local.LocalLimiter;
import dev.sluice.limits.redis.connection.Silence;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;

/**
 * The way of an admission: deadline, buckets of addresses, what this process has of what all share, then one command
 * for each part of its limits that lies in another slot; a single node has one part. Whoever refuses on that way has
 * all before it given back. Where Redis fails, the local limiter decides what it may.
 */
final class Admissions {
    private final ScriptExecutor redis;
    private final AddressBuckets addressBuckets;
    private final Leases leases;
    private final AdmitBatches batches;
    private final RedisLimiterSettings settings;
    private final CompiledPolicy.Topology topology;
    private final RedisClock clock;
    private final RedisBreaker breaker;
    private final Silence silence;
    private final LocalLimiter local;
    private final Settlements settlements;
    private final Renewals renewals;
    private final LimiterObserver observer;
    private final DeadlineQueue deadlines;
    private final Scheduler timer;

    Admissions(
            ScriptExecutor redis,
            AddressBuckets addressBuckets,
            Leases leases,
            AdmitBatches batches,
            RedisLimiterSettings settings,
            CompiledPolicy.Topology topology,
            RedisClock clock,
            RedisBreaker breaker,
            Silence silence,
            LocalLimiter local,
            Settlements settlements,
            Renewals renewals,
            Scheduler timer,
            LimiterObserver observer) {
        this.redis = redis;
        this.addressBuckets = addressBuckets;
        this.leases = leases;
        this.batches = batches;
        this.settings = settings;
        this.topology = topology;
        this.clock = clock;
        this.breaker = breaker;
        this.silence = silence;
        this.local = local;
        this.settlements = settlements;
        this.renewals = renewals;
        this.observer = observer;
        deadlines = new DeadlineQueue(timer, settings.deadline().toNanos());
        this.timer = timer;
    }

    /** A subscription that starts when it is requested. */
    Admission subscription(
            CompiledPolicy policy,
            Subject subject,
            String id,
            Reservation reservation,
            CoreSubscriber<? super Decision> actual) {
        return new Admission(policy, subject, id, reservation, this::start, observer, actual);
    }

    private void start(Admission admission) {
        admission.deadline(deadlines.watch(() -> redis.afterReading(() -> deadlineIsOver(admission, 1))));
        if (admission.policy.first.isEmpty()) {
            reserve(admission, 0);
            return;
        }
        String shard = topology.shard(Tags.of(admission.subject.address()));
        if (breaker.mayCall(shard)) {
            askAddressBuckets(admission, shard);
        } else {
            decideLocally(admission);
        }
    }

    /**
     * While Redis answers, or no command is known to be late, an admission waits here, for a processor or for the
     * commands before it: it is not decided alone for that, but waits on for a few deadlines more.
     */
    private void deadlineIsOver(Admission admission, int deadlinesBefore) {
        if (!admission.isWaiting()) {
            return;
        }
        long waited = deadlinesBefore * settings.deadline().toNanos();
        boolean isRedisWell = breaker.hasAnsweredSince(admission.begun())
                || !breaker.hasFailedSince(admission.begun())
                || ScriptExecutor.wasBusy(
                        admission.begun() + waited, settings.deadline().toNanos());
        if (deadlinesBefore < ScriptExecutor.MOST_TIMES && isRedisWell) {
            admission.deadline(
                    deadlines.watch(() -> redis.afterReading(() -> deadlineIsOver(admission, deadlinesBefore + 1))));
        } else {
            decideLocally(admission);
        }
    }

    private void askAddressBuckets(Admission admission, String shard) {
        long sent = System.nanoTime();
        AtomicBoolean isOver = new AtomicBoolean();
        CompletionStage<AddressBuckets.Answer> taken = addressBuckets.take(admission.policy.first, admission.subject);
        Disposable late = redis.watch(timer, settings.commandTimeout(), () -> breaker.answeredAt(shard), () -> {
            if (isOver.compareAndSet(false, true)) {
                breaker.failed(
                        shard,
                        System.nanoTime() - sent,
                        new RedisBreaker.SlowRedisException(settings.commandTimeout()));
                decideLocally(admission);
            }
        });
        taken.whenComplete((answer, error) -> {
            late.dispose();
            if (!isOver.compareAndSet(false, true)) {
                return;
            }
            if (error != null) {
                breaker.failed(shard, System.nanoTime() - sent, error);
                decideLocally(admission);
            } else {
                breaker.answered(shard, System.nanoTime() - sent);
                answered(admission, answer);
            }
        });
    }

    private void answered(Admission admission, AddressBuckets.Answer answer) {
        if (!answer.violations().isEmpty()) {
            admission.decide(
                    new Decision.Refused(answer.violations(), answer.statuses()), LimiterObserver.Place.SHARED);
            return;
        }
        for (int i = 0; i < answer.statuses().size(); i++) {
            admission.tell(admission.policy.firstIndexes[i], answer.statuses().get(i), 0);
        }
        reserve(admission, 0);
    }

    /** Takes units of the leased limits from the given one on. */
    private void reserve(Admission admission, int from) {
        if (from == admission.policy.leased.size()) {
            if (admission.isRefused()) {
                refuse(admission, Decision.Cause.EXCEEDED, admission.reservations.size());
            } else {
                askNextPart(admission);
            }
            return;
        }
        CompiledLimit limit = admission.policy.leased.get(from);
        long units = admission.reservation.of(limit.limit);
        leases.reserve(limit, units, new Lease.Claim() {
            @Override
            public void granted(Lease lease, long retryMillis) {
                admission.leased.add(new RedisPermit.LeasedUnits(limit, lease, units));
                answered(lease, retryMillis);
            }

            @Override
            public void refused(Lease lease, long retryMillis) {
                answered(lease, retryMillis);
            }

            private void answered(Lease lease, long retryMillis) {
                admission.tell(limit.index, lease, retryMillis);
                reserve(admission, from + 1);
            }

            @Override
            public void notNow() {
                askAgain(admission);
            }

            @Override
            public void failed() {
                Admissions.this.failed(admission);
            }
        });
    }

    /** Redis's clock has another window than this process thought. What parts have taken by their own clocks stays. */
    private void askAgain(Admission admission) {
        releaseLeased(admission);
        if (admission.isWaiting() && admission.mayTryAgain()) {
            reserve(admission, 0);
        } else {
            failed(admission);
        }
    }

    private static void releaseLeased(Admission admission) {
        admission.leased.forEach(units -> units.lease().correct(-units.units()));
        admission.leased.clear();
        admission.forgetLeases();
    }

    private void failed(Admission admission) {
        release(admission).subscribe();
        decideLocally(admission);
    }

    /** Gives back all that was taken, perhaps before a connection broke; the request does not run. */
    private Mono<Void> release(Admission admission) {
        return permit(admission).settle(RedisPermit.unused(admission.policy.policy));
    }

    private RedisPermit permit(Admission admission) {
        return new RedisPermit(settlements, renewals, admission.policy, admission.reservations, admission.leased);
    }

    private void askNextPart(Admission admission) {
        List<CompiledPolicy.Part> parts = admission.policy.parts;
        if (admission.reservations.size() == parts.size()) {
            admitted(admission);
        } else if (!admission.isWaiting()
                || !batches.offer(new Taking(admission, parts.get(admission.reservations.size())))) {
            failed(admission);
        }
    }

    /** Of one part's limits, as long as the admission waits. */
    private abstract static class PartAsk extends AdmitBatches.Ask {
        final Admission admission;

        PartAsk(Admission admission, CompiledPolicy.Part part) {
            super(new PartReservation(admission.id, part, admission.subject, admission.reservation));
            this.admission = admission;
        }

        @Override
        boolean isWaiting() {
            return admission.isWaiting();
        }
    }

    /** Takes one part's limits. */
    private final class Taking extends PartAsk {
        Taking(Admission admission, CompiledPolicy.Part part) {
            super(admission, part);
        }

        @Override
        void addTo(AdmitCommand command) {
            long begins = 0;
            long ends = admission.leased.isEmpty() ? 0 : Long.MAX_VALUE;
            for (RedisPermit.LeasedUnits units : admission.leased) {
                begins = Math.max(begins, units.lease().window.start());
                ends = Math.min(ends, units.lease().window.end());
            }
            command.add(reserved, begins, ends);
        }

        @Override
        void decided(Verdict verdict) {
            if (verdict.code() == Verdict.Code.NOT_NOW) {
                askAgain(admission);
                return;
            }
            admission.tell(reserved.part, verdict);
            int next = admission.reservations.size() + 1;
            if (verdict.code() == Verdict.Code.ADMITTED) {
                admission.reservations.add(reserved);
                askNextPart(admission);
            } else if (verdict.code() == Verdict.Code.REFUSED) {
                refuse(admission, Decision.Cause.EXCEEDED, next);
            } else {
                refuse(admission, Decision.Cause.UNAVAILABLE, next);
            }
        }

        @Override
        void late() {
            decideLocally(admission);
        }

        @Override
        void failed(AdmitBatches.Outcome outcome) {
            if (outcome == AdmitBatches.Outcome.UNKNOWN) {
                admission.reservations.add(reserved);
            }
            Admissions.this.failed(admission);
        }
    }

    private void admitted(Admission admission) {
        RedisPermit permit = permit(admission);
        admission.reportShadows();
        Decision decision = new Decision.Admitted(permit, admission.statuses(clock.millis()));
        if (!admission.decide(decision, LimiterObserver.Place.SHARED)) {
            permit.settle(RedisPermit.unused(admission.policy.policy)).subscribe();
        }
    }

    /** Gives back what was taken and looks at the parts that were not asked, then tells all of it. */
    private void refuse(Admission admission, Decision.Cause cause, int firstNotAsked) {
        List<Mono<Void>> before = new ArrayList<>();
        if (!admission.reservations.isEmpty() || !admission.leased.isEmpty()) {
            before.add(release(admission));
            admission.tellReleased();
        }
        for (int i = firstNotAsked; i < admission.policy.parts.size(); i++) {
            Looking look = new Looking(admission, admission.policy.parts.get(i));
            if (batches.offer(look)) {
                before.add(look.done.asMono());
            }
        }
        if (before.isEmpty()) {
            decideRefused(admission, cause);
        } else {
            Mono.when(before).subscribe(_ -> {}, _ -> {}, () -> decideRefused(admission, cause));
        }
    }

    private void decideRefused(Admission admission, Decision.Cause cause) {
        admission.reportShadows();
        admission.decide(
                new Decision.Refused(admission.violations(cause, breaker.rest()), admission.statuses(clock.millis())),
                LimiterObserver.Place.SHARED);
    }

    /** Takes nothing. */
    private static final class Looking extends PartAsk {
        private final Sinks.Empty<Void> done = Sinks.empty();

        Looking(Admission admission, CompiledPolicy.Part part) {
            super(admission, part);
        }

        @Override
        void addTo(AdmitCommand command) {
            command.inspect(reserved);
        }

        @Override
        void decided(Verdict verdict) {
            admission.tell(reserved.part, verdict);
            late();
        }

        @Override
        void late() {
            done.tryEmitEmpty();
        }

        @Override
        void failed(AdmitBatches.Outcome outcome) {
            late();
        }
    }

    /** Does not wait for Redis: each limit does what its fallback mode says, if it may. */
    void decideLocally(Admission admission) {
        if (!admission.mayDecideLocally()) {
            return;
        }
        Decision decision = local.decide(
                admission.policy.policy,
                admission.subject,
                admission.id,
                admission.reservation,
                limit -> mayCountLocally(limit, admission),
                breaker.rest());
        if (!admission.decide(decision, LimiterObserver.Place.LOCAL)
                && decision instanceof Decision.Admitted(Permit permit, List<LimitStatus> _)) {
            permit.settle(RedisPermit.unused(admission.policy.policy)).subscribe();
        }
    }

    /**
     * Rates whenever Redis has not decided in time. Slots and spend only while the node that counts them is silent:
     * while it answers anybody, it may give others what was given here too.
     */
    private boolean mayCountLocally(Limit limit, Admission admission) {
        if (limit.fallback() == FallbackMode.REFUSE) {
            return false;
        }
        String tag = Keys.tag(limit.scope(), limit.name(), admission.subject);
        return limit instanceof TokenBucket || silence.isSilent(tag);
    }
}
