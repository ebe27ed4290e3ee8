package dev.sluice.limits;

import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import reactor.core.Disposable;
import reactor.core.scheduler.Scheduler;

/** Asks the script, many at once, and turns its verdicts into decisions. */
final class Admissions {
    private final RedisLimiter limiter;
    private final RedisLink link;
    private final RedisLimiterSettings settings;
    private final Scheduler timer;
    private final Script script;
    private final Batches<Admission> batches;

    Admissions(RedisLimiter limiter, RedisLink link, RedisLimiterSettings settings, Scheduler timer, Script script) {
        this.limiter = limiter;
        this.link = link;
        this.settings = settings;
        this.timer = timer;
        this.script = script;
        batches = new Batches<>(settings.batch(), settings.commands(), settings.queue(), this::send);
    }

    void ask(Admission admission) {
        if (!batches.offer(admission)) {
            limiter.decideAlone(admission);
        }
    }

    private void send(List<Admission> all) {
        List<Admission> batch = new ArrayList<>(all.size());
        for (Admission admission : all) {
            if (admission.isWaiting()) {
                batch.add(admission);
            }
        }
        if (batch.isEmpty() || !limiter.health().mayAsk()) {
            batch.forEach(limiter::decideAlone);
            batches.ended();
            return;
        }
        AdmitCommand command =
                new AdmitCommand(settings.keyPrefix(), limiter.time().millis());
        for (Admission admission : batch) {
            admission.places = command.add(
                    admission.id,
                    admission.plan.recordMillis,
                    admission.plan.scripted,
                    admission.subject,
                    admission.reservation);
        }
        await(batch, command, link.run(script, ScriptOutputType.MULTI, command.keys(), command.arguments()));
    }

    private void await(List<Admission> batch, AdmitCommand command, CompletionStage<List<Object>> answer) {
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
                if (!(error instanceof RedisLink.NotSentException)) {
                    batch.forEach(this::giveBack);
                }
                return;
            }
            if (isInTime) {
                limiter.health().answered(System.nanoTime() - sent);
            }
            try {
                answered(batch, command, numbers);
            } finally {
                if (isInTime) {
                    batches.ended();
                }
            }
            limiter.settlements().resume();
        });
    }

    private void failed(List<Admission> batch, long sent, Throwable cause) {
        limiter.health().failed(System.nanoTime() - sent, cause);
        try {
            batch.forEach(limiter::decideAlone);
        } finally {
            batches.ended();
        }
    }

    private void answered(List<Admission> batch, AdmitCommand command, List<Object> numbers) {
        limiter.time().told(AdmitCommand.redisMillis(numbers));
        List<AdmitCommand.Verdict> verdicts = command.verdicts(numbers);
        for (int i = 0; i < batch.size(); i++) {
            answered(batch.get(i), verdicts.get(i));
        }
    }

    private void answered(Admission admission, AdmitCommand.Verdict verdict) {
        switch (verdict.code()) {
            case ADMITTED -> admitted(admission, verdict);
            case REFUSED -> refused(admission, verdict, Decision.Cause.EXCEEDED);
            case SETTLED -> refused(admission, verdict, Decision.Cause.UNAVAILABLE);
            case NOT_NOW -> {
                if (admission.isWaiting() && admission.mayTryAgain()) {
                    ask(admission);
                } else {
                    limiter.decideAlone(admission);
                }
            }
        }
    }

    private void admitted(Admission admission, AdmitCommand.Verdict verdict) {
        RedisPermit permit = permit(admission);
        tellShadows(admission, verdict);
        Decision decision = new Decision.Admitted(permit, standings(admission, verdict));
        if (!admission.decide(decision, LimiterObserver.Place.SHARED)) {
            permit.settle(RedisPermit.unused(admission.plan.policy)).subscribe();
        }
    }

    private RedisPermit permit(Admission admission) {
        return new RedisPermit(limiter.settlements(), limiter.renewals(), admission);
    }

    /** Nobody knows whether Redis admitted it before the connection broke, and nobody went on as if it had. */
    private void giveBack(Admission admission) {
        permit(admission).settle(RedisPermit.unused(admission.plan.policy)).subscribe();
    }

    private void refused(Admission admission, AdmitCommand.Verdict verdict, Decision.Cause cause) {
        List<ScriptLimit> scripted = admission.plan.scripted;
        List<Decision.Violation> violations = new ArrayList<>();
        for (int i = 0; i < scripted.size(); i++) {
            Limit limit = scripted.get(i).limit;
            if (cause == Decision.Cause.UNAVAILABLE) {
                violations.add(new Decision.Violation(
                        limit.name(), cause, limiter.health().rest()));
            } else if (verdict.retryAfterMillis(i) > 0 && limit.mode() == Mode.ENFORCED) {
                violations.add(
                        new Decision.Violation(limit.name(), cause, Duration.ofMillis(verdict.retryAfterMillis(i))));
            }
        }
        tellShadows(admission, verdict);
        admission.decide(new Decision.Refused(violations, standings(admission, verdict)), LimiterObserver.Place.SHARED);
    }

    private void tellShadows(Admission admission, AdmitCommand.Verdict verdict) {
        List<ScriptLimit> scripted = admission.plan.scripted;
        for (int i = 0; i < scripted.size(); i++) {
            if (verdict.retryAfterMillis(i) > 0 && scripted.get(i).limit.mode() == Mode.SHADOW) {
                limiter.observer().wouldHaveRefused(admission.plan.policy, scripted.get(i).limit);
            }
        }
    }

    /** The wall's and the script's, in the policy's order. */
    private static List<Standing> standings(Admission admission, AdmitCommand.Verdict verdict) {
        List<Standing> ofWall = admission.wallStandings();
        List<ScriptLimit> scripted = admission.plan.scripted;
        List<Standing> standings = new ArrayList<>(ofWall.size() + scripted.size());
        int wall = 0;
        int script = 0;
        for (Limit limit : admission.plan.policy.limits()) {
            if (script < scripted.size() && scripted.get(script).limit.equals(limit)) {
                standings.add(verdict.standing(script++, limit));
            } else if (wall < ofWall.size()) {
                standings.add(ofWall.get(wall++));
            }
        }
        return standings;
    }
}
