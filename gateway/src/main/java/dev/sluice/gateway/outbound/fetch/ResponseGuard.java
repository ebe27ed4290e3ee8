package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.Exchange.RequestOptions;
import dev.sluice.gateway.outbound.fetch.Exchange.Response;
import dev.sluice.gateway.outbound.fetch.FetchRequest.Media;
import dev.sluice.gateway.outbound.fetch.FetchRequest.Validators;
import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.zipstream.BodyTotals;
import java.util.OptionalLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** Validates a final response and passes its body to the caller's reader. */
final class ResponseGuard {
    private final BodyGuard bodies;
    private final ImageGuard images;

    ResponseGuard(BodyGuard bodies, ImageGuard images) {
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

    /** How to ask for what is wanted, at the end of {@code hop}. */
    RequestOptions ask(FetchRequest request, Hop hop) {
        Validators known = request.known().at(hop.first().uri(), hop.target().uri());
        return new RequestOptions(accept(request.media()), known, null);
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
     * out as {@link FetchErrors.ReaderException}.
     *
     * @param hop from the URL that was asked for to the one that answered
     * @param exchange asks for the rest of a body that breaks off
     */
    <T> Mono<T> read(
            Hop hop,
            Response response,
            FetchRequest request,
            Exchange exchange,
            Function<OriginResponse, Mono<T>> reader) {
        return Mono.deferContextual(context -> {
            if (response.status() == OriginResponse.NOT_MODIFIED) {
                // It has no body (RFC 9110 section 15.4.5); read to its end, the connection can be used again.
                return response.body()
                        .doOnNext(DataBufferUtils::release)
                        .then(consume(
                                hop, response, null, OptionalLong.empty(), Flux.empty(), new BodyTotals(), reader));
            }
            OptionalLong length = BodyGuard.declaredLength(response, request.maxBytes());
            Scheduler timer = FetchContext.of(context).eventLoop().scheduler();
            BodyContinuation rest = BodyContinuation.of(exchange, hop.target(), ask(request, hop), response, length);
            BodyTotals totals = new BodyTotals();
            Flux<DataBuffer> body = bodies.bounded(response, totals, request.maxBytes(), length, rest, timer);
            ContentCoding coding = ContentCoding.of(response.headers());
            if (request.media() == Media.ANY) {
                return coding == ContentCoding.NONE
                        ? consume(hop, response, null, length, body, totals, reader)
                        : Mono.error(FetchErrors.badEncoding("The origin encoded its response though asked not to"));
            }
            ImageGuard.Declared declared = ImageGuard.declared(response.headers(), request.media());
            return images.recognised(body, totals, declared, coding, request.maxBytes(), image -> {
                OptionalLong size = image.asItCame() ? length : OptionalLong.empty();
                return consume(hop, response, image.type(), size, image.body(), image.totals(), reader);
            });
        });
    }

    private static <T> Mono<T> consume(
            Hop hop,
            Response response,
            @Nullable ImageType image,
            OptionalLong length,
            Flux<DataBuffer> body,
            BodyTotals totals,
            Function<OriginResponse, Mono<T>> reader) {
        var origin = new OriginResponse(
                hop.first().uri(),
                hop.target().uri(),
                response.status(),
                response.headers(),
                image,
                length,
                body,
                totals);
        return Mono.defer(() -> reader.apply(origin)).onErrorMap(ResponseGuard::wrapped);
    }

    /** What this package raised came to the reader through the body; all else is the reader's own. */
    private static Throwable wrapped(Throwable error) {
        return error instanceof FetchException ? error : new FetchErrors.ReaderException(error);
    }
}
