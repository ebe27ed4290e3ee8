package dev.sluice.gateway.feature.gallery;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.sluice.gateway.outbound.database.image.GenerationQueue;
import dev.sluice.gateway.outbound.database.image.Image;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * How far an image is that is being generated:
 *
 * <pre>
 *   waiting: no worker has it yet, or the provider has not taken its prompt
 *      └──► provider: the provider works on it
 *              └──► storing: it is fetched, checked and stored; then the image is completed
 * </pre>
 *
 * The first two are in the database. The last is known to the gateway alone that works on it: through another one the
 * image is at the provider until it is completed.
 */
final class GenerationProgress {
    private final GenerationQueue queue;
    /** One for each busy worker at most. */
    private final Set<UUID> storing = ConcurrentHashMap.newKeySet();

    GenerationProgress(GenerationQueue queue) {
        this.queue = queue;
    }

    /**
     * How far one is.
     *
     * @param stage waiting, provider or storing
     * @param queuePosition among those that no worker has yet, 1 for the next
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record GenerationJson(String stage, @Nullable Long queuePosition) {}

    /** Empty for an image that is not being generated. */
    Mono<GenerationJson> of(Image image) {
        Image.Generation generation = image.generation();
        if (image.status() != Image.Status.GENERATING || generation == null) {
            return Mono.empty();
        }
        if (generation.predictionId() != null) {
            return Mono.just(new GenerationJson(storing.contains(image.id()) ? "storing" : "provider", null));
        }
        return queue.position(image.id())
                .map(position -> new GenerationJson("waiting", position))
                .defaultIfEmpty(new GenerationJson("waiting", null));
    }

    /** The same work, during which the image counts as being stored. */
    Mono<Void> whileStoring(UUID imageId, Mono<Void> work) {
        return Mono.using(() -> storing.add(imageId), _ -> work, _ -> storing.remove(imageId));
    }
}
