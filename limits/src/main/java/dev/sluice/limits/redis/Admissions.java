package dev.sluice.limits.redis;

import dev.sluice.limits.Decision;
import dev.sluice.limits.FallbackMode;
import dev.sluice.limits.Limit;
import dev.sluice.limits.LimitStatus;
import dev.sluice.limits.LimiterObserver;
import dev.sluice.limits.Mode;
import dev.sluice.limits.Permit;
import dev.sluice.limits.Reservation;
import dev.sluice.limits.Subject;
import dev.sluice.limits.local.LocalLimiter;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.scheduler.Scheduler;

/**
 * The way of an admission: deadline, buckets of addresses, batch, script, decision. Where Redis fails on that way, the
 * local limiter decides.
 */
final class Admissions {
    private final ScriptExecutor redis;
    private final AddressBuckets addressBuckets;
    private final RedisLimiterSettings settings;
    private final RedisClock clock;
    private final RedisBreaker breaker;
    private final LocalLimiter local;
    private final Settlements settlements;
    private final Renewals renewals;
    private final Scheduler timer;
    private final LimiterObserver observer;
    private final Script script;
    private final DeadlineQueue deadlines;
    private final DeadlineQueue bucketDeadlines;
    private final CommandBatcher<Admission> batches;

    Admissions(
            ScriptExecutor redis,
            AddressBuckets addressBuckets,
            RedisLimiterSettings settings,
            RedisClock clock,
            RedisBreaker breaker,
            LocalLimiter local,
            Settlements settlements,
            Renewals renewals,
            Scheduler timer,
            LimiterObserver observer,
            Script script) {
        this.redis = redis;
        this.addressBuckets = addressBuckets;
        this.settings = settings;
        this.clock = clock;
        this.breaker = breaker;
        this.local = local;
        this.settlements = settlements;
        this.renewals = renewals;
        this.timer = timer;
        this.observer = observer;
        this.script = script;
        deadlines = new DeadlineQueue(timer, settings.deadline().toNanos());
        bucketDeadlines = new DeadlineQueue(timer, settings.commandTimeout().toNanos());
        batches = new CommandBatcher<>(settings.batch(), settings.commands(), settings.queue(), this::send);
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
        admission.deadline(deadlines.watch(() -> decideLocally(admission)));
        if (admission.policy.first.isEmpty()) {
            enqueue(admission);
        } else if (breaker.mayCall()) {
            askAddressBuckets(admission);
        } else {
            decideLocally(admission);
        }
    }

    private void askAddressBuckets(Admission admission) {
        long sent = System.nanoTime();
        AtomicBoolean isOver = new AtomicBoolean();
        DeadlineQueue.Entry late = bucketDeadlines.watch(() -> {
            if (isOver.compareAndSet(false, true)) {
                breaker.failed(System.nanoTime() - sent, new SlowRedisException(settings.commandTimeout()));
                decideLocally(admission);
            }
        });
        addressBuckets.take(admission.policy.first, admission.subject).whenComplete((answer, error) -> {
            late.clear();
            if (!isOver.compareAndSet(false, true)) {
                return;
            }
            if (error != null) {
                breaker.failed(System.nanoTime() - sent, error);
                decideLocally(admission);
            } else {
                breaker.answered(System.nanoTime() - sent);
                answered(admission, answer);
            }
        });
    }

    private void answered(Admission admission, AddressBuckets.Answer answer) {
        if (!answer.violations().isEmpty()) {
            admission.decide(
                    new Decision.Refused(answer.violations(), answer.statuses()), LimiterObserver.Place.SHARED);
        } else if (admission.policy.limits.isEmpty()) {
            admission.decide(
                    new Decision.Admitted(RedisPermit.NOTHING, answer.statuses()), LimiterObserver.Place.SHARED);
        } else {
            admission.firstStatuses = answer.statuses();
            enqueue(admission);
        }
    }

    private void enqueue(Admission admission) {
        if (!batches.offer(admission)) {
            decideLocally(admission);
        }
    }

    private void send(List<Admission> all) {
        List<Admission> batch = new ArrayList<>(all.size());
        for (Admission admission : all) {
            if (admission.isWaiting()) {
                batch.add(admission);
            }
        }
        if (batch.isEmpty() || !breaker.mayCall()) {
            batch.forEach(this::decideLocally);
            batches.completed();
            return;
        }
        AdmitCommand command = new AdmitCommand(settings.keyPrefix(), clock.millis());
        for (Admission admission : batch) {
            admission.charges = command.add(admission.id, admission.policy, admission.subject, admission.reservation);
        }
        await(batch, command, redis.run(script, ScriptOutputType.VALUE, command.keys(), command.arguments()));
    }

    private void await(List<Admission> batch, AdmitCommand command, CompletionStage<byte[]> answer) {
        long sent = System.nanoTime();
        AtomicBoolean isOver = new AtomicBoolean();
        Disposable late = timer.schedule(
                () -> {
                    if (isOver.compareAndSet(false, true)) {
                        failed(batch, sent, new SlowRedisException(settings.commandTimeout()));
                    }
                },
                settings.commandTimeout().toNanos(),
                TimeUnit.NANOSECONDS);
        answer.whenComplete((numbers, error) -> {
            late.dispose();
            boolean isInTime = isOver.compareAndSet(false, true);
            if (error != null) {
                if (isInTime) {
                    failed(batch, sent, error);
                }
                if (!(error instanceof ScriptExecutor.NotSentException)) {
                    batch.forEach(this::release);
                }
                return;
            }
            if (isInTime) {
                breaker.answered(System.nanoTime() - sent);
            }
            // What the decisions lead to, the next admissions and settlements, goes together.
            batches.together(() -> settlements.together(() -> {
                try {
                    answered(batch, command, numbers);
                } finally {
                    if (isInTime) {
                        batches.completed();
                    }
                }
            }));
            settlements.resume();
        });
    }

    private void failed(List<Admission> batch, long sent, Throwable cause) {
        breaker.failed(System.nanoTime() - sent, cause);
        try {
            batch.forEach(this::decideLocally);
        } finally {
            batches.completed();
        }
    }

    private void answered(List<Admission> batch, AdmitCommand command, byte[] answer) {
        AdmitCommand.Verdicts verdicts = command.verdicts(answer);
        clock.correct(verdicts.redisMillis());
        for (int i = 0; i < batch.size(); i++) {
            answered(batch.get(i), verdicts.requests().get(i));
        }
    }

    private void answered(Admission admission, Verdict verdict) {
        switch (verdict.code()) {
            case ADMITTED -> admitted(admission, verdict);
            case REFUSED -> refused(admission, verdict, Decision.Cause.EXCEEDED);
            case SETTLED -> refused(admission, verdict, Decision.Cause.UNAVAILABLE);
            case NOT_NOW -> {
                if (admission.isWaiting() && admission.mayTryAgain()) {
                    enqueue(admission);
                } else {
                    decideLocally(admission);
                }
            }
        }
    }

    private void admitted(Admission admission, Verdict verdict) {
        RedisPermit permit = permit(admission);
        reportShadows(admission, verdict);
        Decision decision = new Decision.Admitted(permit, statuses(admission, verdict));
        if (!admission.decide(decision, LimiterObserver.Place.SHARED)) {
            permit.settle(RedisPermit.unused(admission.policy.policy)).subscribe();
        }
    }

    private RedisPermit permit(Admission admission) {
        return new RedisPermit(settlements, renewals, admission.id, admission.charges, admission.policy);
    }

    /** Redis may have admitted it before the connection broke; the request did not run. */
    private void release(Admission admission) {
        permit(admission).settle(RedisPermit.unused(admission.policy.policy)).subscribe();
    }

    private void refused(Admission admission, Verdict verdict, Decision.Cause cause) {
        List<CompiledLimit> limits = admission.policy.limits;
        List<Decision.Violation> violations = new ArrayList<>();
        for (int i = 0; i < verdict.limits(); i++) {
            Limit limit = limits.get(i).limit;
            if (cause == Decision.Cause.UNAVAILABLE) {
                violations.add(new Decision.Violation(limit.name(), cause, breaker.rest()));
            } else if (verdict.retryAfterMillis(i) > 0 && limit.mode() == Mode.ENFORCED) {
                violations.add(
                        new Decision.Violation(limit.name(), cause, Duration.ofMillis(verdict.retryAfterMillis(i))));
            }
        }
        reportShadows(admission, verdict);
        admission.decide(new Decision.Refused(violations, statuses(admission, verdict)), LimiterObserver.Place.SHARED);
    }

    private static List<LimitStatus> statuses(Admission admission, Verdict verdict) {
        return admission.policy.statuses(admission.firstStatuses, verdict);
    }

    private void reportShadows(Admission admission, Verdict verdict) {
        List<CompiledLimit> limits = admission.policy.limits;
        for (int i = 0; i < verdict.limits(); i++) {
            if (verdict.retryAfterMillis(i) > 0 && limits.get(i).limit.mode() == Mode.SHADOW) {
                observer.wouldHaveRefused(admission.policy.policy, limits.get(i).limit);
            }
        }
    }

    /** Does not wait for Redis: each limit does what its fallback mode says. */
    void decideLocally(Admission admission) {
        if (!admission.mayDecideLocally()) {
            return;
        }
        Decision decision = local.decide(
                admission.policy.policy,
                admission.subject,
                admission.id,
                admission.reservation,
                limit -> limit.fallback() == FallbackMode.COUNT_LOCALLY,
                breaker.rest());
        if (!admission.decide(decision, LimiterObserver.Place.LOCAL)
                && decision instanceof Decision.Admitted(Permit permit, List<LimitStatus> _)) {
            permit.settle(RedisPermit.unused(admission.policy.policy)).subscribe();
        }
    }
}
