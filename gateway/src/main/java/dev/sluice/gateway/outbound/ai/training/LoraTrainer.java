package dev.sluice.gateway.outbound.ai.training;

import dev.sluice.gateway.outbound.http.ExactLengthBody;
import dev.sluice.gateway.outbound.http.ProviderException;
import java.net.URI;
import java.time.Duration;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Trains an image model on pictures, in steps:
 *
 * <pre>
 * upload ──► URI of the archive ──► queue ──► id (to be kept) ──► look, as often as wanted
 *                                                          └────► cancel
 * </pre>
 *
 * Fails with {@link ProviderException}, and an upload with its body's own error. Nothing happens before a subscription.
 */
public interface LoraTrainer {

    /** The provider's name in meters and logs. */
    String provider();

    /** Fails with {@code NOT_CONFIGURED} when there is no key, else completes. Asks nobody. */
    Mono<Void> ready();

    /**
     * Uploads an archive to the provider's storage. A cancel closes the connection and cancels the body.
     *
     * @param within no repetition begins later than that
     */
    Mono<URI> upload(Archive archive, Duration within);

    /**
     * Queues a training, which is paid for from then on, and emits the provider's id. {@code UNCERTAIN} when it may
     * have been accepted though nothing says so; nothing that may have been accepted is repeated.
     *
     * @param within for all of it
     */
    Mono<String> queue(Job order, Duration within);

    /** How far a training is. {@code id} is one that {@link #queue} answered. */
    Mono<TrainingState> poll(String id);

    /** Cancels a training at the provider. One that has begun may go on. */
    Mono<Void> cancel(String id);

    /**
     * A training to be queued.
     *
     * @param archive where its pictures are, as an upload answered
     * @param triggerWord stands for what is learnt in later prompts
     * @param steps of training
     */
    record Job(URI archive, String triggerWord, int steps) {}

    /**
     * The pictures of a training, as a ZIP archive.
     *
     * @param length of it, in bytes, exactly
     * @param content all of it, or a part
     */
    record Archive(long length, Content content) {

        /** Reads an archive. */
        @FunctionalInterface
        public interface Content {
            /**
             * {@code count} bytes from {@code position} on, for each subscriber, one at a time, who owns the buffers.
             */
            Flux<DataBuffer> bytes(long position, long count);
        }

        /** A part of it, which says when it is not as long as it should be. */
        ExactLengthBody part(long position, long count) {
            return new ExactLengthBody(content.bytes(position, count), count);
        }
    }
}
