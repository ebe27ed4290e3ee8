package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.outbound.database.image.Image;
import dev.sluice.gateway.outbound.database.image.ImageScope;
import dev.sluice.gateway.outbound.database.image.Images;
import dev.sluice.gateway.outbound.database.image.ObjectIntents.QuotaMode;
import dev.sluice.gateway.outbound.database.image.OwnerStorage;
import dev.sluice.gateway.outbound.fetch.FetchException;
import dev.sluice.gateway.outbound.fetch.FetchFailure;
import dev.sluice.gateway.outbound.fetch.OriginUrls;
import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import dev.sluice.gateway.outbound.persistence.FileName;
import dev.sluice.gateway.outbound.picture.ReceivedFile;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.thumbnail.ThumbnailStorage;
import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** Imports remote images into the gallery, whole and checked or not at all. */
final class Imports {
    private final GalleryIntake intake;
    private final ImageStorage imageStorage;
    private final ThumbnailStorage thumbnails;
    private final Images images;
    private final OwnerStorage storage;
    private final Duration deadline;
    private final Clock clock;

    Imports(
            GalleryIntake intake,
            ImageStorage imageStorage,
            ThumbnailStorage thumbnails,
            Images images,
            OwnerStorage storage,
            Duration deadline,
            Clock clock) {
        this.intake = intake;
        this.imageStorage = imageStorage;
        this.thumbnails = thumbnails;
        this.images = images;
        this.storage = storage;
        this.deadline = deadline;
        this.clock = clock;
    }

    /**
     * What to import.
     *
     * @param url where it is
     * @param name at most 255 characters; by default what its URL calls it
     * @param altText at most 500 characters
     * @param projectId one of the caller's
     */
    record Request(
            @Nullable String url,
            @Nullable String name,
            @Nullable String altText,
            @Nullable String projectId) {}

    /** The image, once it is stored. Fails with a {@link GatewayException} that says why it could not be. */
    Mono<Image> importImage(Request request, Caller caller) {
        return Mono.defer(() -> {
            String url = GalleryRequests.text("url", request.url(), OriginUrls.LONGEST);
            if (url == null) {
                throw GatewayException.badMember(
                        ProblemCode.INVALID_URL, "url", request.url(), "an absolute http or https URL");
            }
            String name = GalleryRequests.text("name", request.name(), GalleryRequests.LONGEST_NAME);
            String altText = GalleryRequests.text("altText", request.altText(), GalleryRequests.LONGEST_ALT);
            String project = GalleryRequests.project(caller, request.projectId());
            UUID id = UUID.randomUUID();
            return storage.requireRoom(caller.subject())
                    .then(intake.fetch(
                            caller.subject(),
                            url,
                            UrlPolicy.PUBLIC_WEB,
                            deadline,
                            file -> imageStorage
                                    .put(id, caller.subject(), file, QuotaMode.ENFORCED, object -> {
                                        Image image = Image.stored(
                                                        id,
                                                        caller.subject(),
                                                        project,
                                                        Image.Source.IMPORTED,
                                                        altText,
                                                        object,
                                                        null,
                                                        clock.instant())
                                                .named(name == null ? FileName.titleOfUrl(url) : name);
                                        return images.add(image)
                                                .thenReturn(image)
                                                .onErrorResume(failed -> resolved(image, failed));
                                    })
                                    .flatMap(image -> withThumbnails(image, file))))
                    .onErrorMap(FetchException.class, failed -> fetchProblem(url, failed))
                    .onErrorMap(PictureException.class, bad -> pictureProblem(url, bad));
        });
    }

    private Mono<Image> withThumbnails(Image image, ReceivedFile file) {
        return thumbnails
                .storeAtIntake(image.id(), image.owner(), Objects.requireNonNull(image.object()), file)
                .map(image::with);
    }

    /** A commit in doubt: the image if it is there, unless the database is still away. */
    private Mono<Image> resolved(Image image, Throwable failed) {
        return failed instanceof DatabaseException lost && lost.kind() == DatabaseException.Kind.IN_DOUBT
                ? images.find(image.id(), new ImageScope.Everywhere())
                        .onErrorMap(away -> failed)
                        .switchIfEmpty(Mono.error(failed))
                : Mono.error(failed);
    }

    private static GatewayException fetchProblem(String url, FetchException failed) {
        return failed.failure() == FetchFailure.INVALID_URL
                ? GatewayException.badMember(
                        ProblemCode.INVALID_URL, "url", url, "an absolute http or https URL. " + failed.getMessage())
                : new GatewayException(
                                failed.failure() == FetchFailure.NOT_AN_IMAGE
                                        ? ProblemCode.INVALID_IMAGE
                                        : ProblemCode.UPSTREAM_FAILED,
                                failed.getMessage() + ".",
                                failed)
                        .with("reason", failed.failure().code());
    }

    private static GatewayException pictureProblem(String url, PictureException bad) {
        return new GatewayException(ProblemCode.INVALID_IMAGE, "url: " + bad.getMessage() + ".", bad)
                .with("member", "url")
                .with("value", url)
                .with("reason", bad.kind().code());
    }
}
