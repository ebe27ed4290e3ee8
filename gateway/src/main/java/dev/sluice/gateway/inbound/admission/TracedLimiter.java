package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.contract.trace.TraceSpan;
import dev.sluice.limits.Decision;
import dev.sluice.limits.Limit;
import dev.sluice.limits.LimitStatus;
import dev.sluice.limits.Limiter;
import dev.sluice.limits.Policy;
import dev.sluice.limits.Reservation;
import dev.sluice.limits.Subject;
import dev.sluice.limits.redis.RedisLimiter;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import java.util.List;
import reactor.core.publisher.Mono;

/** Shows each decision that Redis is asked for, with its outcome, and not who asked. */
public final class TracedLimiter implements Limiter, AutoCloseable {
    private static final TraceSpan.Operation ADMIT = new TraceSpan.Operation("EVALSHA", SpanKind.CLIENT);
    private static final AttributeKey<String> SYSTEM = AttributeKey.stringKey("db.system.name");
    private static final AttributeKey<String> OPERATION = AttributeKey.stringKey("db.operation.name");
    private static final AttributeKey<String> POLICY = AttributeKey.stringKey("sluice.limits.policy");
    private static final AttributeKey<String> OUTCOME = AttributeKey.stringKey("sluice.limits.outcome");

    private final RedisLimiter limiter;

    /** Decides as {@code limiter}, and closes it. */
    public TracedLimiter(RedisLimiter limiter) {
        this.limiter = limiter;
    }

    @Override
    public Mono<Decision> admit(Policy policy, Subject subject, String requestId, Reservation reservation) {
        return TraceSpan.mono(ADMIT, span -> {
            Mono<Decision> decided = limiter.admit(policy, subject, requestId, reservation);
            if (!span.isRecorded()) {
                return decided;
            }
            span.set(SYSTEM, "redis").set(OPERATION, "EVALSHA").set(POLICY, policy.name());
            return decided.doOnNext(decision -> span.set(OUTCOME, LimitMeters.outcome(decision)));
        });
    }

    @Override
    public Mono<List<LimitStatus>> inspect(List<Limit> limits, Subject subject) {
        return limiter.inspect(limits, subject);
    }

    @Override
    public Mono<Void> reset(List<Limit> limits, Subject subject) {
        return limiter.reset(limits, subject);
    }

    @Override
    public Mono<Void> prepare() {
        return limiter.prepare();
    }

    @Override
    public Mono<List<String>> faults() {
        return limiter.faults();
    }

    @Override
    public void close() {
        limiter.close();
    }
}
