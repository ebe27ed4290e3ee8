package dev.sluice.gateway.outbound.ai.image;

import dev.sluice.gateway.outbound.ai.image.ImageModels.PollPolicy;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;

/**
 * Looks again and again until a picture is ready, less often as time passes, and repeats calls whose failure passes.
 */
final class PollingImageModel implements ImageModel {
    private static final double GROWTH = 1.5;

    private final ImageProvider provider;
    private final PollPolicy policy;
    private final Scheduler timer;

    PollingImageModel(ImageProvider provider, PollPolicy policy, Scheduler timer) {
        this.provider = provider;
        this.policy = policy;
        this.timer = timer;
    }

    @Override
    public String provider() {
        return provider.name();
    }

    @Override
    public Mono<Prediction> create(ImagePrompt prompt, Duration within) {
        return Mono.defer(() -> provider.create(prompt, within).retryWhen(retry(within)));
    }

    @Override
    public Mono<GeneratedImage> await(Prediction prediction, Duration within) {
        return Mono.defer(() -> provider.look(prediction)
                .retryWhen(retry(within))
                .repeatWhenEmpty(Integer.MAX_VALUE, looks -> looks.concatMap(look -> Mono.delay(pause(look), timer))));
    }

    @Override
    public Mono<Void> cancel(Prediction prediction) {
        return provider.cancel(prediction);
    }

    private Duration pause(long look) {
        double grown = policy.firstPause().toNanos() * Math.pow(GROWTH, (double) look);
        Duration pause = Duration.ofNanos((long) grown);
        Duration bounded = pause.compareTo(policy.longestPause()) < 0 ? pause : policy.longestPause();
        return policy.retry().jitter().around(bounded);
    }

    private Retry retry(Duration within) {
        long end = timer.now(TimeUnit.NANOSECONDS) + within.toNanos();
        return policy.retry().until(provider.name(), end, timer);
    }
}
