package dev.sluice.gateway.outbound.ai.training;

import java.net.URI;
import org.jspecify.annotations.Nullable;

/** How far a training is. */
public sealed interface TrainingState {

    /**
     * It waits.
     *
     * @param position how many are before it, if the provider says so
     */
    record Queued(@Nullable Integer position) implements TrainingState {}

    /** It runs. */
    record Running() implements TrainingState {}

    /**
     * It is done. The URLs are told, not followed.
     *
     * @param weights what was learnt
     * @param config what it was learnt with, if the provider says so
     */
    record Completed(URI weights, @Nullable URI config) implements TrainingState {}

    /**
     * It will not be done.
     *
     * @param detail the provider's words, one line; may be shown to the caller
     */
    record Failed(String detail) implements TrainingState {}
}
