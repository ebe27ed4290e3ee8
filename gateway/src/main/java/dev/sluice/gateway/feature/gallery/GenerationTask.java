package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.contract.FailureLine;
import dev.sluice.gateway.outbound.ai.image.GeneratedImage;
import dev.sluice.gateway.outbound.ai.image.ImageModel;
import dev.sluice.gateway.outbound.ai.image.ImagePrompt;
import dev.sluice.gateway.outbound.ai.image.Prediction;
import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.outbound.database.image.GenerationJobs;
import dev.sluice.gateway.outbound.database.image.GenerationJobs.PredictionFate;
import dev.sluice.gateway.outbound.database.image.Image;
import dev.sluice.gateway.outbound.database.image.ImageScope;
import dev.sluice.gateway.outbound.database.image.Images;
import dev.sluice.gateway.outbound.database.image.ObjectIntents.QuotaMode;
import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import dev.sluice.gateway.outbound.http.UncancellableCall;
import dev.sluice.gateway.outbound.picture.ReceivedFile;
import dev.sluice.gateway.outbound.thumbnail.ThumbnailStorage;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/**
 * What a worker does with one claimed job, from wherever an earlier attempt left it:
 *
 * <pre>
 *   remember that the provider is asked → ask it → remember its prediction → wait for it → fetch → check → store → completed
 *        → thumbnails
 *        the gateway dies: the lease ends, and the next attempt begins at the prediction that is remembered;
 *                          asked without one: failed, since to ask again might be paid for twice
 *        store or database away: tried again until the deadline        the picture cannot be had: three times more
 *        the image is deleted: the prediction is cancelled             anything else: failed, and why
 * </pre>
 */
final class GenerationTask {
    private static final Logger LOG = LoggerFactory.getLogger(GenerationTask.class);
    /** Beyond the deadline, in which the provider is told that nobody waits any more. */
    private static final Duration GRACE = Duration.ofSeconds(3);

    private static final int REMEMBER_TRIES = 4;
    private static final int MOST_DOUBLINGS = 3;

    private final GenerationJobs jobs;
    private final Images images;
    private final ImageModel model;
    private final GalleryIntake intake;
    private final ImageStorage imageStorage;
    private final ThumbnailStorage thumbnails;
    private final GenerationProgress progress;
    private final Duration lease;
    private final Duration retryPause;
    private final Clock clock;

    /**
     * @param lease renewed while a job is worked on
     * @param retryPause before a job is tried for the second time; doubled before further times
     */
    GenerationTask(
            GenerationJobs jobs,
            Images images,
            ImageModel model,
            GalleryIntake intake,
            ImageStorage imageStorage,
            ThumbnailStorage thumbnails,
            GenerationProgress progress,
            Duration lease,
            Duration retryPause,
            Clock clock) {
        this.jobs = jobs;
        this.images = images;
        this.model = model;
        this.intake = intake;
        this.imageStorage = imageStorage;
        this.thumbnails = thumbnails;
        this.progress = progress;
        this.lease = lease;
        this.retryPause = retryPause;
        this.clock = clock;
    }

    private static LoggingEventBuilder withStackOfDefects(LoggingEventBuilder line, Throwable failure) {
        return GenerationFailures.isDefect(failure) ? line.setCause(failure) : line;
    }

    /** Works until the job is done, failed, put off, or no longer this worker's. Never fails. */
    Mono<Void> run(GenerationJobs.Job job) {
        return Mono.defer(() -> {
            Attempt attempt = new Attempt(job);
            return attempt.work().takeUntilOther(attempt.lost()).onErrorResume(failure -> {
                // What cannot be settled comes back when its lease has ended.
                withStackOfDefects(LOG.atWarn(), failure)
                        .addKeyValue("image.id", job.imageId())
                        .log(
                                "generation of {} is left for another attempt: {}",
                                job.imageId(),
                                FailureLine.of(failure));
                return Mono.empty();
            });
        });
    }

    /** One claim of a job, and what is known of the provider meanwhile. */
    private final class Attempt {
        private final GenerationJobs.Job job;
        private volatile boolean asked;
        /** Then there is no job any more, and nothing is left to do but what can be done without. */
        private volatile boolean completed;

        private volatile @Nullable Prediction waitedFor;

        Attempt(GenerationJobs.Job job) {
            this.job = job;
            this.asked = job.asked();
        }

        Mono<Void> work() {
            return images.find(job.imageId(), new ImageScope.Everywhere())
                    .flatMap(image -> make(image)
                            .timeout(Mono.delay(left().plus(GRACE))
                                    .filter(late -> !completed)
                                    .switchIfEmpty(Mono.never()))
                            .onErrorResume(failure -> settle(image, failure)));
        }

        /** Completes when another worker may have the job, or nobody wants it any more. */
        Mono<Void> lost() {
            return Flux.interval(lease.dividedBy(3))
                    .onBackpressureDrop()
                    .concatMap(tick -> jobs.renew(job, lease).onErrorReturn(DatabaseException.class, true), 0)
                    .filter(mine -> !mine && !completed)
                    .next()
                    .flatMap(no -> unwanted())
                    .then();
        }

        /** Another worker that has the job waits for the same prediction; a deleted image has nobody who does. */
        private Mono<Void> unwanted() {
            Prediction prediction = waitedFor;
            return prediction == null
                    ? Mono.empty()
                    : images.find(job.imageId(), new ImageScope.Everywhere())
                            .hasElement()
                            .flatMap(wanted -> wanted ? Mono.empty() : model.cancel(prediction))
                            .onErrorComplete();
        }

        private Duration left() {
            Duration left = Duration.between(clock.instant(), job.deadline());
            return left.isNegative() ? Duration.ZERO : left;
        }

        private Mono<Void> make(Image image) {
            Image.Generation generation = Objects.requireNonNull(image.generation(), "a job without a generation");
            ImagePrompt prompt = new ImagePrompt(generation.prompt(), ratio(generation));
            return prediction(prompt)
                    .doOnNext(prediction -> waitedFor = prediction)
                    .flatMap(prediction -> model.await(prediction, left()))
                    .doOnNext(made -> waitedFor = null)
                    .flatMap(made -> progress.whileStoring(image.id(), store(image, made)));
        }

        private Mono<Prediction> prediction(ImagePrompt prompt) {
            String known = job.predictionId();
            if (known != null) {
                return Mono.just(new Prediction(known, prompt));
            }
            return job.asked()
                    ? Mono.error(() -> new ProviderException(
                            ProviderFailure.UNCERTAIN,
                            "The gateway was ended while it asked the provider; whether that was carried out is not"
                                    + " known."))
                    : jobs.asking(job).filter(mine -> mine).flatMap(mine -> {
                        asked = true;
                        // Paid for from here on: neither a lost job nor a late one ends it before its id is remembered.
                        return UncancellableCall.of(
                                model.create(prompt, left()).flatMap(this::remembered),
                                failure -> LOG.atWarn()
                                        .addKeyValue("image.id", job.imageId())
                                        .log("a prediction that nobody waits for any more: {}", failure.getMessage()));
                    });
        }

        /** Before it is waited for, so that a restart continues it; given up when the job is lost meanwhile. */
        private Mono<Prediction> remembered(Prediction prediction) {
            Retry again = Retry.backoff(REMEMBER_TRIES, retryPause)
                    .filter(DatabaseException.class::isInstance)
                    .onRetryExhaustedThrow((tries, last) -> last.failure());
            return jobs.predictionStarted(job, prediction.id())
                    .retryWhen(again)
                    .onErrorResume(forgotten -> cancelled(prediction).then(Mono.error(forgotten)))
                    .flatMap(mine ->
                            mine ? Mono.just(prediction) : cancelled(prediction).then(Mono.empty()));
        }

        private Mono<Void> cancelled(Prediction prediction) {
            return model.cancel(prediction).onErrorComplete();
        }

        private Mono<Void> store(Image image, GeneratedImage made) {
            Duration left = left();
            if (!left.isPositive()) {
                return Mono.error(new TimeoutException());
            }
            return switch (made) {
                case GeneratedImage.Remote remote ->
                    intake.fetch(image.owner(), remote.url(), remote.urlPolicy(), left, file -> complete(image, file));
                case GeneratedImage.Inline drawn ->
                    intake.accept(image.owner(), drawn.body(), file -> complete(image, file));
            };
        }

        private Mono<Void> complete(Image image, ReceivedFile file) {
            return imageStorage
                    .put(
                            image.id(),
                            image.owner(),
                            file,
                            QuotaMode.COUNTED, // kept free since the order
                            object -> jobs.complete(job, object)
                                    .filter(isCompleted -> isCompleted)
                                    .map(isCompleted -> object))
                    .doOnNext(object -> {
                        completed = true;
                        LOG.atInfo()
                                .addKeyValue("image.id", image.id())
                                .addKeyValue("user.id", image.owner())
                                .log("image {} generated", image.id());
                    })
                    .flatMap(object -> thumbnails.storeAtIntake(image.id(), image.owner(), object, file))
                    .then();
        }

        private Mono<Void> settle(Image image, Throwable failure) {
            int doublings = Math.min(job.attempt() - 1, MOST_DOUBLINGS);
            Instant next = clock.instant().plus(retryPause.multipliedBy(1L << doublings));
            if (GenerationFailures.isRetryable(failure, job.attempt()) && next.isBefore(job.deadline())) {
                LOG.warn("generation of {} put off: {}", image.id(), FailureLine.of(failure));
                return jobs.retryAt(job, next, asked ? PredictionFate.KEPT : PredictionFate.DISCARDED)
                        .then();
            }
            Image.Failure why = GenerationFailures.why(failure);
            withStackOfDefects(LOG.atError(), failure)
                    .addKeyValue("image.id", image.id())
                    .addKeyValue("user.id", image.owner())
                    .addKeyValue("failure.code", why.code())
                    .log("image generation failed: {}: {}", why.detail(), FailureLine.of(failure));
            return jobs.fail(job, why).then();
        }
    }

    private static ImagePrompt.AspectRatio ratio(Image.Generation generation) {
        String ratio = generation.aspectRatio();
        return ratio == null ? ImagePrompt.AspectRatio.SQUARE : ImagePrompt.AspectRatio.of(ratio);
    }
}
