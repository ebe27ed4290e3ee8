package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.FetchRequest.Media;
import dev.sluice.gateway.outbound.fetch.body.PeekedBody;
import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.imagetype.ImageTypes;
import dev.sluice.gateway.outbound.imagetype.SvgRoot;
import dev.sluice.zipstream.BodyTotals;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Lets only images through: declared as one, in one {@code Content-Type} of one type, and beginning like one.
 *
 * <p>Many origins declare the wrong image format. That is accepted, and the detected format is the one that counts;
 * whatever is not an image at all, or a format that nobody declared, is refused before a byte of it is seen by the
 * reader. Many others declare nothing, or what a store or a form says when it does not know: then the first bytes
 * decide alone, and only raster formats have ones that are their own. A type that does say something is held to it.
 */
final class ImageGuard {
    private static final String SVG = "image/svg+xml";

    /** RFC 9110 section 8.3.1, without a comma: where several headers were folded into one there is more than one. */
    private static final Pattern TYPE =
            Pattern.compile("([!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+)\\s*(?:;[^,]*)?");

    /**
     * What says no more than that there are bytes: S3's, Java's and other defaults, downloads, forms.
     *
     * @see <a href="https://mimesniff.spec.whatwg.org/#determining-the-computed-mime-type-of-a-resource">MIME Sniffing,
     *     section 7</a>
     */
    private static final Set<String> GENERIC = Set.of(
            "*/*",
            "application/octet",
            "application/octetstream",
            "application/x-binary",
            "binary/unknown",
            "content/unknown",
            "octet/stream",
            "application/octet-stream",
            "application/x-octet-stream",
            "binary/octet-stream",
            "application/binary",
            "application/unknown",
            "application/x-unknown",
            "application/x-unknown-content-type",
            "unknown/unknown",
            "application/download",
            "application/x-download",
            "application/force-download",
            "application/x-force-download",
            "application/x-www-form-urlencoded",
            "multipart/form-data");

    /** What an answer says that its body is. */
    enum Declared {
        /** An image of pixels. */
        RASTER,
        /** An image of text. */
        VECTOR,
        /** Nothing in particular. */
        NOTHING
    }

    /**
     * An image whose start has been looked at.
     *
     * @param type what its first bytes say
     * @param body all of it
     * @param totals of it
     * @param asItCame whether these are the bytes that the origin sent, and not what they stand for
     */
    record Recognised(ImageType type, Flux<DataBuffer> body, BodyTotals totals, boolean asItCame) {}

    private final ImageTypes types;

    ImageGuard(ImageTypes types) {
        this.types = types;
    }

    /**
     * What {@code headers} declare.
     *
     * @throws FetchException when that is several types, or one that {@code media} does not admit
     */
    static Declared declared(HttpHeaders headers, Media media) {
        List<String> values = headers.getOrEmpty(HttpHeaders.CONTENT_TYPE);
        if (values.isEmpty() || (values.size() == 1 && values.getFirst().isBlank())) {
            return Declared.NOTHING;
        }
        Matcher one = TYPE.matcher(values.size() == 1 ? values.getFirst().strip() : "");
        String type = one.matches() ? one.group(1).toLowerCase(Locale.ROOT) : "";
        if (GENERIC.contains(type)) {
            return Declared.NOTHING;
        }
        if (!type.startsWith("image/") || (type.equals(SVG) && media != Media.IMAGE)) {
            throw FetchErrors.notAnImage("The response is not declared as an image");
        }
        return type.equals(SVG) ? Declared.VECTOR : Declared.RASTER;
    }

    /**
     * Looks at the start of {@code body} and lets {@code reader} consume it all, or fails with
     * {@link FetchFailure#NOT_AN_IMAGE} and closes it. Buffers are handed on as they came; only a body that does not
     * begin like an image, and has a content coding, is decoded.
     *
     * @param totals of {@code body}
     * @param declared from {@link #declared}
     * @param maxBytes largest decoded body
     */
    <T> Mono<T> recognised(
            Flux<DataBuffer> body,
            BodyTotals totals,
            Declared declared,
            ContentCoding coding,
            long maxBytes,
            Function<Recognised, Mono<T>> reader) {
        return started(body, declared, (start, whole) -> {
            ImageType plain = type(start, declared);
            if (plain != null || coding == ContentCoding.NONE) {
                return read(plain, reader, type -> new Recognised(type, whole, totals, true));
            }
            var plainTotals = new BodyTotals();
            Flux<DataBuffer> decoded = BodyGuard.decoded(whole, coding, start, plainTotals, maxBytes);
            return started(
                    decoded,
                    declared,
                    (first, all) ->
                            read(type(first, declared), reader, type -> new Recognised(type, all, plainTotals, false)));
        });
    }

    private static <T> Mono<T> read(
            @Nullable ImageType type,
            Function<Recognised, Mono<T>> reader,
            Function<ImageType, Recognised> recognised) {
        return type == null
                ? Mono.error(FetchErrors.notAnImage("The body does not begin like an image"))
                : reader.apply(recognised.apply(type));
    }

    private static <T> Mono<T> started(Flux<DataBuffer> body, Declared declared, Look<T> look) {
        return Mono.defer(() -> {
            int enough = declared == Declared.VECTOR ? SvgRoot.START : ImageTypes.RASTER_START;
            var whole = new PeekedBody(body, enough);
            return whole.start().flatMap(start -> look.at(start, whole)).doFinally(whole::close);
        });
    }

    private @Nullable ImageType type(byte[] start, Declared declared) {
        return declared == Declared.VECTOR ? ImageTypes.svg(start) : types.raster(start);
    }

    /** What is done with a body once its first bytes are known. */
    @FunctionalInterface
    private interface Look<T> {
        Mono<T> at(byte[] start, Flux<DataBuffer> whole);
    }
}
