package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.outbound.database.Generation;
import dev.sluice.gateway.outbound.database.GenerationJob;
import dev.sluice.gateway.outbound.database.GenerationJobs;
import dev.sluice.gateway.outbound.database.GenerationJobs.PredictionFate;
import dev.sluice.gateway.outbound.database.Image;
import dev.sluice.gateway.outbound.database.ImageScope;
import dev.sluice.gateway.outbound.database.Images;
import dev.sluice.gateway.outbound.fetch.FetchException;
import dev.sluice.gateway.outbound.picture.PictureException;
import dev.sluice.gateway.outbound.provider.AspectRatio;
import dev.sluice.gateway.outbound.provider.ImageModel;
import dev.sluice.gateway.outbound.provider.ImagePrompt;
import dev.sluice.gateway.outbound.provider.MadeImage;
import dev.sluice.gateway.outbound.provider.Prediction;
import dev.sluice.gateway.outbound.provider.ProviderException;
import dev.sluice.gateway.outbound.storage.StorageException;
import dev.sluice.zipstream.ByteLimitExceededException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What a worker does with one claimed job, from wherever an earlier attempt left it:
 *
 * <pre>
 *   no prediction → ask the provider → remember its prediction → wait for it → fetch → check → store → completed
 *        the gateway dies: the lease ends, the next attempt begins at the prediction that is remembered
 *        store or database away: tried again until the deadline          anything else: failed, and why
 * </pre>
 */
final class GenerationTask {
    private static final Logger LOG = LoggerFactory.getLogger(GenerationTask.class);
    private static final Duration PAUSE = Duration.ofSeconds(5);

    private final GenerationJobs jobs;
    private final Images images;
    private final ImageModel model;
    private final ImageIntake intake;
    private final ImageVault vault;
    private final Duration lease;
    private final Clock clock;

    GenerationTask(
            GenerationJobs jobs,
            Images images,
            ImageModel model,
            ImageIntake intake,
            ImageVault vault,
            Duration lease,
            Clock clock) {
        this.jobs = jobs;
        this.images = images;
        this.model = model;
        this.intake = intake;
        this.vault = vault;
        this.lease = lease;
        this.clock = clock;
    }

    /** Works until the job is done, failed, put off, or no longer this worker's. Never fails. */
    Mono<Void> run(GenerationJob job) {
        Mono<Void> working = images.find(job.imageId(), new ImageScope.Everywhere())
                .flatMap(image -> work(job, image)
                        .timeout(left(job), Mono.error(TimeoutException::new))
                        .onErrorResume(failure -> settle(job, image, failure)));
        return working.takeUntilOther(leaseLost(job)).onErrorResume(failure -> {
            // What cannot be settled comes back when its lease has ended.
            LOG.atWarn()
                    .addKeyValue("image.id", job.imageId())
                    .setCause(failure)
                    .log("generation of {} is left for another attempt", job.imageId());
            return Mono.empty();
        });
    }

    /** Completes when another worker may have the job. */
    private Mono<Void> leaseLost(GenerationJob job) {
        return Flux.interval(lease.dividedBy(3))
                .onBackpressureDrop()
                .concatMap(tick -> jobs.renew(job, lease).onErrorReturn(DatabaseException.class, true), 0)
                .filter(mine -> !mine)
                .next()
                .then();
    }

    private Duration left(GenerationJob job) {
        Duration left = Duration.between(clock.instant(), job.deadline());
        return left.isNegative() ? Duration.ZERO : left;
    }

    private Mono<Void> work(GenerationJob job, Image image) {
        Generation generation = Objects.requireNonNull(image.generation(), "a job without a generation");
        ImagePrompt prompt = new ImagePrompt(generation.prompt(), ratio(generation));
        return prediction(job, prompt)
                .flatMap(prediction -> model.await(prediction, left(job)))
                .flatMap(made -> store(job, image, made));
    }

    private static AspectRatio ratio(Generation generation) {
        String ratio = generation.aspectRatio();
        return ratio == null ? AspectRatio.SQUARE : AspectRatio.of(ratio);
    }

    /** Remembered before it is waited for, so that a restart continues it; given up when the job is lost meanwhile. */
    private Mono<Prediction> prediction(GenerationJob job, ImagePrompt prompt) {
        String known = job.predictionId();
        return known != null
                ? Mono.just(new Prediction(known, prompt))
                : model.create(prompt, left(job))
                        .flatMap(prediction -> jobs.predictionStarted(job, prediction.id())
                                .flatMap(mine -> mine
                                        ? Mono.just(prediction)
                                        : model.cancel(prediction).then(Mono.empty())));
    }

    private Mono<Void> store(GenerationJob job, Image image, MadeImage made) {
        return switch (made) {
            case MadeImage.Remote remote ->
                intake.fetched(remote.url(), remote.reach(), left(job), file -> complete(job, image, file));
            case MadeImage.Drawn drawn -> intake.given(drawn.body(), file -> complete(job, image, file));
        };
    }

    private Mono<Void> complete(GenerationJob job, Image image, ReceivedFile file) {
        return vault.put(
                        image.id(),
                        image.owner(),
                        file,
                        object -> jobs.complete(job, object).filter(completed -> completed))
                .doOnNext(completed -> LOG.atInfo()
                        .addKeyValue("image.id", image.id())
                        .addKeyValue("user.id", image.owner())
                        .log("image {} generated", image.id()))
                .then();
    }

    private Mono<Void> settle(GenerationJob job, Image image, Throwable failure) {
        Instant next = clock.instant().plus(PAUSE);
        if (isPassing(failure) && next.isBefore(job.deadline())) {
            LOG.warn("generation of {} put off: {}", image.id(), failure.toString());
            return jobs.retryAt(job, next, PredictionFate.KEPT).then();
        }
        Image.Failure why = why(failure);
        LOG.atError()
                .addKeyValue("image.id", image.id())
                .addKeyValue("user.id", image.owner())
                .addKeyValue("error.type", why.code())
                .setCause(failure)
                .log("image generation failed: {}", why.detail());
        return jobs.fail(job, why).then();
    }

    /** Whether it was the store's or the database's fault, and may be over soon. */
    private static boolean isPassing(Throwable failure) {
        return failure instanceof DatabaseException
                || (failure instanceof StorageException storage
                        && storage.kind().isRetryable());
    }

    private static Image.Failure why(Throwable failure) {
        return switch (failure) {
            case TimeoutException late -> new Image.Failure("timed_out", "Image generation timed out");
            case ProviderException provider ->
                new Image.Failure(provider.failure().name().toLowerCase(java.util.Locale.ROOT), text(provider));
            case FetchException fetch -> new Image.Failure(fetch.failure().code(), text(fetch));
            case PictureException picture -> new Image.Failure(picture.kind().code(), text(picture));
            case ByteLimitExceededException excess -> new Image.Failure("too_large", text(excess));
            case StorageException storage -> new Image.Failure("storage_failed", "The store did not take the image");
            default -> new Image.Failure("internal_error", "The gateway failed at it");
        };
    }

    private static String text(Throwable failure) {
        return Objects.requireNonNullElse(failure.getMessage(), failure.toString());
    }
}
