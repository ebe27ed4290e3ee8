package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.FetchRequest.Validators;
import java.util.function.Function;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * One GET to one target: the inner interface of this package, whose decorators know no redirects and no media types.
 */
interface Exchange {

    /**
     * Sends the request and lets {@code reader} consume the answer, with the connection held as long as the reader
     * runs. Must be subscribed with a {@link Trip} in its context.
     *
     * <p>Fails with {@link FetchException}, or with what the reader failed with.
     */
    <T> Mono<T> get(Target target, Ask ask, Function<Answer, Mono<T>> reader);

    /**
     * What a request says beside its target.
     *
     * @param accept the {@code Accept} header
     * @param known sent as conditions
     */
    record Ask(String accept, Validators known) {}

    /**
     * An answer as it came, before anything of it is judged.
     *
     * @param headers read only
     * @param body whoever subscribes owns the buffers; not subscribed, the connection is closed
     */
    record Answer(int status, HttpHeaders headers, Flux<DataBuffer> body) {}
}
