package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.FetchRequest.Media;
import java.util.List;
import java.util.Locale;
import java.util.function.BiFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Lets only images through: declared as one, in one {@code Content-Type} of one type, and beginning like one.
 *
 * <p>Many origins declare the wrong image format. That is accepted, and the detected format is the one that counts;
 * whatever is not an image at all, or a format that nobody declared, is refused before a byte of it is seen by the
 * reader.
 */
final class ImageGuard {
    private static final String SVG = "image/svg+xml";

    /**
     * RFC 9110 section 8.3.1, without a comma: where several headers were folded into one there is more than one type.
     */
    private static final Pattern IMAGE_TYPE = Pattern.compile("(?i)(image/[!#$%&'+.^_`|~0-9a-z-]+)\\s*(?:;[^,]*)?");

    private final ImageTypes types;

    ImageGuard(ImageTypes types) {
        this.types = types;
    }

    /**
     * The one declared type, in lower case and without parameters.
     *
     * @throws FetchException when the headers declare none, several, or one that {@code media} does not admit
     */
    static String declaredType(HttpHeaders headers, Media media) {
        List<String> values = headers.getOrEmpty(HttpHeaders.CONTENT_TYPE);
        Matcher type = IMAGE_TYPE.matcher(values.size() == 1 ? values.getFirst().strip() : "");
        String declared = type.matches() ? type.group(1).toLowerCase(Locale.ROOT) : SVG;
        if (!type.matches() || (declared.equals(SVG) && media != Media.IMAGE)) {
            throw Failures.notAnImage("The answer is not declared as an image");
        }
        return declared;
    }

    /**
     * Looks at the start of {@code body} and lets {@code reader} consume it all, or fails with
     * {@link FetchFailure#NOT_AN_IMAGE} and closes it. Buffers are handed on as they came.
     *
     * @param declared from {@link #declaredType}
     */
    <T> Mono<T> recognised(
            Flux<DataBuffer> body, String declared, BiFunction<ImageType, Flux<DataBuffer>, Mono<T>> reader) {
        return Mono.defer(() -> {
            boolean svg = declared.equals(SVG);
            var whole = new StartedBody(body, svg ? SvgRoot.START : ImageTypes.RASTER_START);
            return whole.start()
                    .flatMap(start -> {
                        ImageType image = svg ? ImageTypes.svg(start) : types.raster(start);
                        return image == null
                                ? Mono.error(Failures.notAnImage("The body does not begin like an image"))
                                : reader.apply(image, whole);
                    })
                    .doFinally(whole::close);
        });
    }
}
