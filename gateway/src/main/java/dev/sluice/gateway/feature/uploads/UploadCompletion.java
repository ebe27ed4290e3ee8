package dev.sluice.gateway.feature.uploads;

import dev.sluice.gateway.contract.FailureLine;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.outbound.database.image.Image;
import dev.sluice.gateway.outbound.database.image.ImageObject;
import dev.sluice.gateway.outbound.database.image.ImageScope;
import dev.sluice.gateway.outbound.database.image.Images;
import dev.sluice.gateway.outbound.database.image.ObjectIntents.QuotaMode;
import dev.sluice.gateway.outbound.database.image.Upload;
import dev.sluice.gateway.outbound.database.image.Uploads;
import dev.sluice.gateway.outbound.persistence.FileName;
import dev.sluice.gateway.outbound.persistence.ImageFiles;
import dev.sluice.gateway.outbound.picture.ExpectedPicture;
import dev.sluice.gateway.outbound.picture.Pictures;
import dev.sluice.gateway.outbound.picture.ReceivedFile;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.storage.ObjectContent;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.outbound.thumbnail.ThumbnailStorage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * Makes an image of an upload that has taken place, once: whoever comes second is told of the same image. The image is
 * a copy of the bytes that were checked, under a key that no client can write; what is put to the upload's URL later
 * changes nothing. What is no image, or not the one that was announced, is removed. What is under the upload's own key
 * when its intent expires goes with the next sweep.
 */
final class UploadCompletion {
    private static final Logger LOG = LoggerFactory.getLogger(UploadCompletion.class);
    private static final Duration SOON = Duration.ofSeconds(5);

    private final Uploads uploads;
    private final Images images;
    private final ObjectStore store;
    private final ImageFiles files;
    private final Pictures pictures;
    private final ThumbnailStorage thumbnails;
    private final Duration deadline;
    private final Clock clock;

    UploadCompletion(
            Uploads uploads,
            Images images,
            ObjectStore store,
            ImageFiles files,
            Pictures pictures,
            ThumbnailStorage thumbnails,
            Duration deadline,
            Clock clock) {
        this.uploads = uploads;
        this.images = images;
        this.store = store;
        this.files = files;
        this.pictures = pictures;
        this.thumbnails = thumbnails;
        this.deadline = deadline;
        this.clock = clock;
    }

    /** An upload and the image that it is now. */
    record Completed(Upload upload, Image image) {}

    /**
     * The image. Fails with {@code not_found} for what was not announced, or too long ago; with {@code conflict} for
     * what is not uploaded yet; with {@code invalid_image} for what is not what it was announced as.
     *
     * @param projectId whose admins look after it, if there are any
     */
    Mono<Completed> complete(String owner, Image.Listing listing, String name, @Nullable String projectId) {
        return Mono.defer(() -> {
            // From then on there is an image, and its thumbnails, which have a deadline of their own, cannot fail it.
            AtomicBoolean isNamed = new AtomicBoolean();
            return uploads.find(owner, listing, name)
                    .switchIfEmpty(Mono.error(() -> absent(name)))
                    .flatMap(upload -> there(upload)
                            .switchIfEmpty(Mono.defer(() -> checked(upload, projectId, isNamed)))
                            .map(image -> new Completed(upload, image)))
                    .timeout(Mono.delay(deadline).filter(late -> !isNamed.get()).switchIfEmpty(Mono.never()))
                    .onErrorMap(UploadCompletion::isPassing, UploadCompletion::overloaded);
        });
    }

    private Mono<Image> there(Upload upload) {
        return images.find(upload.imageId(), new ImageScope.OwnedBy(upload.owner()));
    }

    private Mono<Image> checked(Upload upload, @Nullable String projectId, AtomicBoolean isNamed) {
        return store.open(new ObjectKey(upload.objectKey()))
                .switchIfEmpty(Mono.error(() -> notYet(upload)))
                .flatMap(content -> content.object().length() == upload.size()
                        ? taken(upload, content, projectId, isNamed)
                        : refused(
                                upload,
                                "size_mismatch",
                                content.object().length() + " bytes (expected: " + upload.size() + ")",
                                null));
    }

    private Mono<Image> taken(Upload upload, ObjectContent content, @Nullable String projectId, AtomicBoolean isNamed) {
        UploadType type = Objects.requireNonNull(UploadType.of(upload.contentType()), upload.contentType());
        return pictures.takeAs(
                        type.found(),
                        new ExpectedPicture(upload.owner(), upload.size()),
                        writer -> writer.apply(content.bytes()),
                        file -> named(upload, file, projectId, isNamed))
                .onErrorResume(
                        PictureException.class,
                        bad -> refused(upload, bad.kind().code(), String.valueOf(bad.getMessage()), bad));
    }

    /** Keeps what was checked, and makes a row name it. One of two wins; the other finds its image. */
    private Mono<Image> named(Upload upload, ReceivedFile file, @Nullable String projectId, AtomicBoolean isNamed) {
        // Its bytes were admitted when it was announced.
        return files.put(
                        upload.imageId(),
                        upload.owner(),
                        file,
                        UploadIntents.metadata(upload),
                        QuotaMode.COUNTED,
                        object -> {
                            Image image = Image.stored(
                                            upload.imageId(),
                                            upload.owner(),
                                            projectId,
                                            Image.Source.UPLOADED,
                                            null,
                                            object,
                                            upload.listing(),
                                            clock.instant())
                                    .named(FileName.title(upload.fileName()));
                            return uploads.complete(image).thenReturn(new Named(image, object));
                        })
                .doOnNext(named -> {
                    isNamed.set(true);
                    LOG.atInfo()
                            .addKeyValue("image.id", named.image().id())
                            .addKeyValue("user.id", named.image().owner())
                            .log("image {} uploaded", named.image().id());
                })
                .flatMap(named -> thumbnails
                        .storeAtIntake(named.image().id(), named.image().owner(), named.object(), file)
                        .map(named.image()::with))
                .delayUntil(image -> removed(upload))
                .onErrorResume(
                        UploadCompletion::isConflict,
                        other -> there(upload).switchIfEmpty(Mono.error(() -> absent(upload.name()))));
    }

    /** An image, and the object that its row names. */
    private record Named(Image image, ImageObject object) {}

    /** What was put; if it is put again, the sweep finds it. Never fails. */
    private Mono<Void> removed(Upload upload) {
        return store.delete(new ObjectKey(upload.objectKey())).onErrorResume(later -> leftToSweep(upload, later));
    }

    private static Mono<Void> leftToSweep(Upload upload, Throwable failure) {
        LOG.warn("object {} is left to the next sweep: {}", upload.objectKey(), FailureLine.of(failure));
        return Mono.empty();
    }

    /** Given up first: then no other can make an image of what is removed here. */
    private <T> Mono<T> refused(Upload upload, String reason, String detail, @Nullable Throwable cause) {
        return uploads.forget(upload.imageId())
                .filter(forgotten -> forgotten)
                .flatMap(forgotten -> store.delete(new ObjectKey(upload.objectKey())))
                .onErrorResume(later -> leftToSweep(upload, later))
                .then(Mono.error(() -> new GatewayException(
                                ProblemCode.INVALID_IMAGE, "Image " + upload.name() + ": " + detail, cause)
                        .with("imageId", upload.name())
                        .with("reason", reason)));
    }

    private static boolean isConflict(Throwable failure) {
        return failure instanceof DatabaseException known && known.kind() == DatabaseException.Kind.CONFLICT;
    }

    private static boolean isPassing(Throwable failure) {
        return failure instanceof TimeoutException
                || failure instanceof RejectedExecutionException
                || failure instanceof IOException
                || failure instanceof UncheckedIOException;
    }

    /** No room or time for it at present. */
    private static GatewayException overloaded(Throwable cause) {
        LOG.warn("an upload could not be checked: {}", FailureLine.of(cause));
        return new GatewayException(ProblemCode.OVERLOADED, "The image could not be checked now.", cause)
                .retryAfter(SOON);
    }

    private static GatewayException absent(String name) {
        return new GatewayException(
                        ProblemCode.NOT_FOUND, "Image " + name + ": not announced for this listing, or too long ago")
                .with("imageId", name);
    }

    private static GatewayException notYet(Upload upload) {
        return new GatewayException(ProblemCode.CONFLICT, "Image " + upload.name() + ": not uploaded yet")
                .with("imageId", upload.name());
    }
}
