package dev.sluice.gateway.testing;

import dev.sluice.gateway.outbound.fetch.FetchRequest;
import dev.sluice.gateway.outbound.fetch.OriginFetch;
import dev.sluice.gateway.outbound.fetch.OriginResponse;
import dev.sluice.gateway.outbound.imagetype.ImageType;
import java.net.URI;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.HttpHeaders;
import org.springframework.util.LinkedMultiValueMap;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The gateway's own fetch, but for URLs that end in {@code ?break=} and a step: there, something is handed to the
 * archive's pipeline that nobody foresaw.
 */
public final class FaultyFetch implements OriginFetch {
    private static final String BREAK = "?break=";

    /** Where an image's preparation throws. */
    public enum Step {
        /** The fetch, when it is called. */
        CALL,
        /** The fetch, with an error that is none of its own. */
        ERROR,
        /** Taking note of the length. */
        LENGTH,
        /** Asking for the type. */
        TYPE,
        /** The body, after its first buffer. */
        BODY,
        /** The body, with a buffer that cannot be read. */
        BUFFER,
        /** Reading the date. */
        DATE,
        /** Reading the name in the URL. */
        URL,
        /** Making the entry's name. */
        NAME;

        /** The URL at which it throws there. */
        public String of(String url) {
            return url + BREAK + name();
        }
    }

    private final OriginFetch fetch;

    private FaultyFetch(OriginFetch fetch) {
        this.fetch = fetch;
    }

    @Override
    public <T> Mono<T> fetch(FetchRequest request, Function<OriginResponse, Mono<T>> reader) {
        int at = request.url().indexOf(BREAK);
        if (at < 0) {
            return fetch.fetch(request, reader);
        }
        Step step = Step.valueOf(request.url().substring(at + BREAK.length()));
        return switch (step) {
            case CALL -> throw unforeseen(step);
            case ERROR -> fetch.<T>fetch(request, response -> Mono.error(unforeseen(step)));
            default -> fetch.fetch(request, response -> reader.apply(broken(response, step)));
        };
    }

    private static OriginResponse broken(OriginResponse response, Step step) {
        URI url = step == Step.URL ? URI.create("mailto:nobody") : response.requested();
        ImageType image = switch (step) {
            case TYPE -> null;
            case NAME -> new ImageType("image/new", "a name with blanks");
            default -> response.image();
        };
        return new OriginResponse(
                url,
                response.url(),
                response.status(),
                step == Step.DATE ? new HttpHeaders(new Unreadable()) : response.headers(),
                image,
                step == Step.LENGTH ? OptionalLong.of(-1_000_000) : response.contentLength(),
                body(response.body(), step),
                response.totals());
    }

    private static Flux<DataBuffer> body(Flux<DataBuffer> body, Step step) {
        return switch (step) {
            case BODY -> body.take(1).concatWith(Mono.error(() -> unforeseen(step)));
            case BUFFER ->
                body.doOnNext(DataBufferUtils::release).map(buffer -> {
                    throw unforeseen(step);
                });
            default -> body;
        };
    }

    private static IllegalStateException unforeseen(Step step) {
        return new IllegalStateException("unforeseen at " + step);
    }

    private static final class Unreadable extends LinkedMultiValueMap<String, String> {
        private static final long serialVersionUID = 1L;

        @Override
        public @Nullable String getFirst(String key) {
            throw unforeseen(Step.DATE);
        }

        @Override
        public @Nullable List<String> get(@Nullable Object key) {
            throw unforeseen(Step.DATE);
        }
    }

    /** Puts it around the gateway's. */
    public static class Setup implements BeanPostProcessor {
        @Override
        public Object postProcessAfterInitialization(Object bean, String name) {
            return bean instanceof OriginFetch fetch ? new FaultyFetch(fetch) : bean;
        }
    }
}
