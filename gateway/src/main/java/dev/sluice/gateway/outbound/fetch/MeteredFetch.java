package dev.sluice.gateway.outbound.fetch;

import dev.sluice.zipstream.ByteStreams;
import io.micrometer.core.instrument.Timer;
import java.util.function.Function;
import reactor.core.publisher.Mono;

/** Measures every fetch once, however it ends. */
final class MeteredFetch implements OriginFetch {
    private final FetchMetrics metrics;
    private final OriginFetch fetch;

    MeteredFetch(FetchMetrics metrics, OriginFetch fetch) {
        this.metrics = metrics;
        this.fetch = fetch;
    }

    @Override
    public <T> Mono<T> fetch(FetchRequest request, Function<OriginResponse, Mono<T>> reader) {
        return Mono.defer(() -> {
            Timer.Sample sample = metrics.start();
            return fetch.fetch(request, response -> reader.apply(counted(response)))
                    .doOnSuccess(result -> metrics.ended(sample, "ok"))
                    .doOnError(error -> failed(sample, error))
                    .doOnCancel(() -> metrics.ended(sample, "cancelled"));
        });
    }

    private OriginResponse counted(OriginResponse response) {
        return new OriginResponse(
                response.requested(),
                response.url(),
                response.status(),
                response.headers(),
                response.image(),
                response.contentLength(),
                ByteStreams.counting(response.body(), metrics::received));
    }

    private void failed(Timer.Sample sample, Throwable error) {
        if (!(error instanceof FetchException known)) {
            metrics.ended(sample, "reader_failed");
            return;
        }
        metrics.ended(sample, known.failure().code());
        switch (known.failure()) {
            case BLOCKED_ADDRESS, INVALID_URL, TOO_LARGE, NOT_AN_IMAGE, BAD_ENCODING ->
                metrics.refused(known.failure());
            case TIMED_OUT, UPSTREAM_STATUS, CONNECTION_FAILED -> {}
        }
    }
}
