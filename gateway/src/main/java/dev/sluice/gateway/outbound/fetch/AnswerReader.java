package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.Exchange.Answer;
import dev.sluice.gateway.outbound.fetch.Exchange.Ask;
import dev.sluice.gateway.outbound.fetch.FetchRequest.Media;
import java.util.OptionalLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** Judges a final answer and, if it may be read, hands it to the caller's reader. */
final class AnswerReader {
    private final BodyGuard bodies;
    private final ImageGuard images;

    AnswerReader(BodyGuard bodies, ImageGuard images) {
        this.bodies = bodies;
        this.images = images;
    }

    /**
     * Where an answer came from.
     *
     * @param first what was asked for
     * @param target what answered, after redirects
     */
    record Hop(Target first, Target target) {}

    /** How to ask for what is wanted. */
    Ask ask(FetchRequest request) {
        return new Ask(accept(request.media()), request.known(), null);
    }

    /**
     * By name: some origins take {@code image/*} for a wish for AVIF, which not every use can keep. It is taken all the
     * same where an origin has nothing else.
     */
    private static String accept(Media media) {
        return switch (media) {
            case ANY -> "*/*";
            case RASTER_IMAGE -> "image/jpeg, image/png, image/webp, image/gif, */*;q=0.1";
            case IMAGE -> "image/jpeg, image/png, image/webp, image/gif, image/svg+xml, */*;q=0.1";
        };
    }

    /**
     * Lets {@code reader} consume the answer's body within the bounds of {@code request}. The reader's own error comes
     * out as {@link ReaderException}.
     *
     * @param hop from the URL that was asked for to the one that answered
     * @param exchange asks for the rest of a body that breaks off
     */
    <T> Mono<T> read(
            Hop hop, Answer answer, FetchRequest request, Exchange exchange, Function<OriginResponse, Mono<T>> reader) {
        return Mono.deferContextual(context -> {
            if (answer.status() == OriginResponse.NOT_MODIFIED) {
                // It has no body (RFC 9110 section 15.4.5); read to its end, the connection can be used again.
                return answer.body()
                        .doOnNext(DataBufferUtils::release)
                        .then(consume(hop, answer, null, OptionalLong.empty(), Flux.empty(), reader));
            }
            OptionalLong length = BodyGuard.declaredLength(answer, request.maxBytes());
            Scheduler timer = Trip.of(context).lane().scheduler();
            BodyContinuation rest = BodyContinuation.of(exchange, hop.target(), ask(request), answer, length);
            Flux<DataBuffer> body = bodies.bounded(answer, request.maxBytes(), length, rest, timer);
            ContentCoding coding = ContentCoding.of(answer.headers());
            if (request.media() == Media.ANY) {
                return coding == ContentCoding.NONE
                        ? consume(hop, answer, null, length, body, reader)
                        : Mono.error(Failures.badEncoding("The origin encoded its answer though asked not to"));
            }
            ImageGuard.Declared declared = ImageGuard.declared(answer.headers(), request.media());
            return images.recognised(body, declared, coding, request.maxBytes(), image -> {
                OptionalLong size = image.asItCame() ? length : OptionalLong.empty();
                return consume(hop, answer, image.type(), size, image.body(), reader);
            });
        });
    }

    private static <T> Mono<T> consume(
            Hop hop,
            Answer answer,
            @Nullable ImageType image,
            OptionalLong length,
            Flux<DataBuffer> body,
            Function<OriginResponse, Mono<T>> reader) {
        var response = new OriginResponse(
                hop.first().uri(), hop.target().uri(), answer.status(), answer.headers(), image, length, body);
        return Mono.defer(() -> reader.apply(response)).onErrorMap(AnswerReader::marked);
    }

    /** What this package raised came to the reader through the body; all else is the reader's own. */
    private static Throwable marked(Throwable error) {
        return error instanceof FetchException ? error : new ReaderException(error);
    }
}
