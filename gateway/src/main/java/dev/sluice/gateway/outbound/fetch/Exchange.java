package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.FetchRequest.Validators;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** One GET to one target: the inner link of the chain. Its decorators know no redirects and no media types. */
interface Exchange {

    /**
     * Sends the request and lets {@code reader} consume the answer, with the connection held as long as the reader
     * runs. Must be subscribed with a {@link FetchContext} in its context.
     *
     * <p>Fails with {@link FetchException}, or with what the reader failed with.
     */
    <T> Mono<T> get(Target target, RequestOptions options, Function<Response, Mono<T>> reader);

    /**
     * The options of a request beside its target.
     *
     * @param accept the {@code Accept} header
     * @param known sent as conditions
     * @param part null asks for all of it
     */
    record RequestOptions(
            String accept, Validators known, @Nullable BodyRange part) {

        /** The same for the rest of the body; validators of a cached representation no longer matter. */
        RequestOptions from(BodyRange rest) {
            return new RequestOptions(accept, Validators.NONE, rest);
        }
    }

    /**
     * The rest of a representation, RFC 9110 sections 13.1.5 and 14.2.
     *
     * @param position of its first byte
     * @param validator strong, of the representation that it must be of
     */
    record BodyRange(long position, String validator) {}

    /**
     * A response as received, before it is validated.
     *
     * @param headers read only
     * @param body whoever subscribes owns the buffers; not subscribed, the connection is closed
     */
    record Response(int status, HttpHeaders headers, Flux<DataBuffer> body) {
        private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);

        /** RFC 9110 section 15.4; not 300, which offers a choice, nor 304, which answers a condition. */
        boolean isRedirect() {
            return REDIRECTS.contains(status);
        }
    }
}
