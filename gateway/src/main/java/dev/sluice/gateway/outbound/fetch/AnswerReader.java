package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.Exchange.Answer;
import dev.sluice.gateway.outbound.fetch.FetchRequest.Media;
import java.util.OptionalLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
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

    /** The {@code Accept} header for what is wanted. */
    String accept(Media media) {
        return media == Media.ANY ? "*/*" : "image/*, */*;q=0.1";
    }

    /**
     * Lets {@code reader} consume the answer's body within the bounds of {@code request}. The reader's own error comes
     * out as {@link ReaderException}.
     */
    <T> Mono<T> read(Target target, Answer answer, FetchRequest request, Function<OriginResponse, Mono<T>> reader) {
        return Mono.deferContextual(context -> {
            OptionalLong length = BodyGuard.declaredLength(answer, request.maxBytes());
            Scheduler timer = Trip.of(context).lane().scheduler();
            Flux<DataBuffer> body = bodies.bounded(answer, request.maxBytes(), length, timer);
            if (request.media() == Media.ANY) {
                return consume(target, answer, null, length, body, reader);
            }
            String declared = ImageGuard.declaredType(answer.headers(), request.media());
            return images.recognised(
                    body, declared, (image, whole) -> consume(target, answer, image, length, whole, reader));
        });
    }

    private static <T> Mono<T> consume(
            Target target,
            Answer answer,
            @Nullable ImageType image,
            OptionalLong length,
            Flux<DataBuffer> body,
            Function<OriginResponse, Mono<T>> reader) {
        var response = new OriginResponse(target.uri(), answer.headers(), image, length, body);
        return Mono.defer(() -> reader.apply(response)).onErrorMap(AnswerReader::marked);
    }

    /** What this package raised came to the reader through the body; all else is the reader's own. */
    private static Throwable marked(Throwable error) {
        return error instanceof FetchException ? error : new ReaderException(error);
    }
}
