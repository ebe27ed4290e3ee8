package dev.sluice.gateway.contract.http;

import java.util.function.Function;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ReactiveHttpOutputMessage;
import org.springframework.http.codec.ServerSentEvent;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import org.springframework.web.reactive.function.BodyInserter;
import org.springframework.web.reactive.function.BodyInserters;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

/**
 * A response body whose source always ends when its writing does. Spring holds a body's first element until the status
 * line can go out; when the client leaves in that very moment, the write fails before it subscribes, and nobody cancels
 * the source. Whatever a source holds would then be held for ever.
 */
public final class StreamedBody {

    private StreamedBody() {}

    /**
     * A body of what {@code source} emits, written by {@code inserter}. The source has completed, failed or been
     * cancelled when the write has ended, however it ended.
     */
    public static <T, M extends ReactiveHttpOutputMessage> BodyInserter<?, M> of(
            Flux<T> source, Function<Flux<T>, ? extends BodyInserter<?, ? super M>> inserter) {
        return (message, context) -> {
            Sinks.Empty<Void> written = Sinks.empty();
            Flux<T> bound =
                    source.takeUntilOther(written.asMono()).doOnDiscard(DataBuffer.class, DataBufferUtils::release);
            return inserter.apply(bound)
                    .insert(message, context)
                    // Completion, since an error from the other side would not cancel; nobody hears it any more.
                    .doFinally(end -> written.tryEmitEmpty());
        };
    }

    /**
     * Server-sent events, as {@link #of} writes a body. They are encoded on the heap: Spring encodes an event before it
     * is asked for, and forgets it when the client leaves just then, which would lose a buffer of the pool.
     */
    public static <T> BodyInserter<?, ServerHttpResponse> events(Flux<ServerSentEvent<T>> source) {
        BodyInserter<?, ServerHttpResponse> body = of(source, BodyInserters::fromServerSentEvents);
        return (message, context) -> {
            describeEvents(message.getHeaders());
            return body.insert(new OnHeap(message), context);
        };
    }

    /**
     * What every stream of events says to proxies on its way: each event at once and as it is. nginx holds back what it
     * has no buffer full of, and others compress, unless they are told.
     */
    public static void describeEvents(HttpHeaders headers) {
        headers.setContentType(MediaType.TEXT_EVENT_STREAM);
        headers.setCacheControl("no-cache, no-transform");
        headers.set("X-Accel-Buffering", "no");
    }

    private static final class OnHeap extends ServerHttpResponseDecorator {
        OnHeap(ServerHttpResponse response) {
            super(response);
        }

        @Override
        public DataBufferFactory bufferFactory() {
            return DefaultDataBufferFactory.sharedInstance;
        }
    }
}
