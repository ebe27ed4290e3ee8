package dev.sluice.gateway.outbound.provider;

import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import reactor.core.scheduler.Scheduler;

/** Puts a trainer together. */
public final class LoraTrainers {
    private static final Duration UNUSED = Duration.ZERO;

    private LoraTrainers() {}

    /**
     * Everything around a provider's single tries, outermost first.
     *
     * @param retryPause before the one repetition of a call
     */
    public static LoraTrainer guarded(LoraTrainer tries, Duration retryPause, MeterRegistry meters, Scheduler timer) {
        ImagePatience once = new ImagePatience(UNUSED, UNUSED, retryPause, 1);
        TransientRetry retry = new TransientRetry(tries.provider(), once, Jitter.ofChance(), timer);
        LoraTrainer chain = new RetryingTrainer(tries, retry, timer); // one failure that passes is none
        return new MeteredTrainer(chain, meters); // each call is seen once
    }
}
