package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.contract.DurationWords;
import java.util.function.Function;
import reactor.core.publisher.Mono;

/**
 * Puts an exchange on its lane and ends it at its deadline, whatever it is waiting for then. Everything inside runs on
 * the lane's thread, and so does the timer.
 */
final class DeadlineFetch implements OriginFetch {
    private final Lanes lanes;
    private final OriginFetch fetch;

    DeadlineFetch(Lanes lanes, OriginFetch fetch) {
        this.lanes = lanes;
        this.fetch = fetch;
    }

    @Override
    public <T> Mono<T> fetch(FetchRequest request, Function<OriginResponse, Mono<T>> reader) {
        return Mono.deferContextual(context -> {
            Lane lane = lanes.choose();
            Trip trip = Trip.starting(lane, request.deadline(), context);
            Mono<T> inTime = fetch.fetch(request, reader)
                    .contextWrite(trip::into)
                    .timeout(
                            request.deadline(),
                            Mono.error(() ->
                                    Failures.timedOut("Not done within " + DurationWords.of(request.deadline()), null)),
                            lane.scheduler());
            return lane.run(inTime).onErrorMap(ReaderException.class, ReaderException::own);
        });
    }
}
