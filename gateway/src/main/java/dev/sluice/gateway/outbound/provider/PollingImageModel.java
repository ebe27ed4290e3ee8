package dev.sluice.gateway.outbound.provider;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Looks again and again until a picture is ready, less often as time passes, and repeats calls whose failure passes.
 */
final class PollingImageModel implements ImageModel {
    private static final double GROWTH = 1.5;

    private final ImageProvider provider;
    private final ImagePatience patience;
    private final Jitter jitter;
    private final TransientRetry retry;
    private final Scheduler timer;

    PollingImageModel(ImageProvider provider, ImagePatience patience, Jitter jitter, Scheduler timer) {
        this.provider = provider;
        this.patience = patience;
        this.jitter = jitter;
        this.retry = new TransientRetry(provider.name(), patience, jitter, timer);
        this.timer = timer;
    }

    @Override
    public String provider() {
        return provider.name();
    }

    @Override
    public Mono<Prediction> create(ImagePrompt prompt, Duration within) {
        return Mono.defer(() -> provider.create(prompt, within).retryWhen(retry.until(end(within))));
    }

    @Override
    public Mono<MadeImage> await(Prediction prediction, Duration within) {
        return Mono.defer(() -> provider.look(prediction)
                .retryWhen(retry.until(end(within)))
                .repeatWhenEmpty(Integer.MAX_VALUE, looks -> looks.concatMap(look -> Mono.delay(pause(look), timer))));
    }

    @Override
    public Mono<Void> cancel(Prediction prediction) {
        return provider.cancel(prediction);
    }

    private Duration pause(long look) {
        double grown = patience.firstPause().toNanos() * Math.pow(GROWTH, (double) look);
        Duration pause = Duration.ofNanos((long) grown);
        return jitter.around(pause.compareTo(patience.longestPause()) < 0 ? pause : patience.longestPause());
    }

    private long end(Duration within) {
        return timer.now(TimeUnit.NANOSECONDS) + within.toNanos();
    }
}
