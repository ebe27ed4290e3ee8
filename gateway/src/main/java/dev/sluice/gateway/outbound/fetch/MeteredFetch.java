package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.contract.Spent;
import dev.sluice.zipstream.ByteStreams;
import io.micrometer.core.instrument.Timer;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongConsumer;
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
        return Mono.deferContextual(context -> {
            Timer.Sample sample = metrics.start();
            Optional<Spent> spent = Spent.find(context);
            LongConsumer received = count -> {
                metrics.received(count);
                spent.ifPresent(account -> account.fetch(count));
            };
            return fetch.fetch(request, response -> reader.apply(counted(response, received)))
                    .doOnSuccess(result -> metrics.ended(sample, "ok"))
                    .doOnError(error -> failed(sample, error))
                    .doOnCancel(() -> metrics.ended(sample, "cancelled"));
        });
    }

    private static OriginResponse counted(OriginResponse response, LongConsumer received) {
        return new OriginResponse(
                response.requested(),
                response.url(),
                response.status(),
                response.headers(),
                response.image(),
                response.contentLength(),
                ByteStreams.counting(response.body(), received));
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
