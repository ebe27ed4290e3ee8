package dev.sluice.gateway.outbound.ai.training;

import dev.sluice.gateway.outbound.http.RetryPolicy;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import reactor.core.scheduler.Scheduler;

/** Puts a trainer together. */
public final class LoraTrainers {
    private LoraTrainers() {}

    /**
     * Everything around a provider's single tries, outermost first.
     *
     * @param retryPause before the one repetition of a call
     */
    public static LoraTrainer guarded(LoraTrainer tries, Duration retryPause, MeterRegistry meters, Scheduler timer) {
        RetryPolicy retry = new RetryPolicy(retryPause, 1);
        LoraTrainer chain = new RetryingTrainer(tries, retry, timer); // one failure that passes is none
        return new MeteredTrainer(chain, meters); // each call is seen once
    }
}
