package dev.sluice.gateway.contract;

import java.util.function.Function;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.ReactiveHttpOutputMessage;
import org.springframework.web.reactive.function.BodyInserter;
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
}
