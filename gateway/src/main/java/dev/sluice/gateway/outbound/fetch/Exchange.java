package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.FetchRequest.Validators;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
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
     * @param part null asks for all of it
     */
    record Ask(String accept, Validators known, @Nullable Part part) {

        /** The same, but for what has come already; what was known before does not matter any more. */
        Ask from(Part rest) {
            return new Ask(accept, Validators.NONE, rest);
        }
    }

    /**
     * The rest of a representation, RFC 9110 sections 13.1.5 and 14.2.
     *
     * @param position of its first byte
     * @param validator strong, of the representation that it must be of
     */
    record Part(long position, String validator) {}

    /**
     * An answer as it came, before anything of it is judged.
     *
     * @param headers read only
     * @param body whoever subscribes owns the buffers; not subscribed, the connection is closed
     */
    record Answer(int status, HttpHeaders headers, Flux<DataBuffer> body) {}
}
