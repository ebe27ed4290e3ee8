package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.contract.FailureLine;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.database.image.Image;
import dev.sluice.gateway.outbound.database.image.ImageCursor;
import dev.sluice.gateway.outbound.database.image.ImageDeletion;
import dev.sluice.gateway.outbound.database.image.ImageDescription;
import dev.sluice.gateway.outbound.database.image.ImageFilter;
import dev.sluice.gateway.outbound.database.image.ImageScope;
import dev.sluice.gateway.outbound.database.image.ImageUsages;
import dev.sluice.gateway.outbound.database.image.Images;
import dev.sluice.gateway.outbound.persistence.StorageProblems;
import dev.sluice.gateway.outbound.storage.StorageException;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * What may be done with images, and by whom. What is not in a caller's scope is not there: 404, like what never was.
 */
final class Gallery {
    private static final Logger LOG = LoggerFactory.getLogger(Gallery.class);

    private final Images images;
    private final ImageDeletion deletions;
    private final ImageUsages usages;
    private final ImageStorage imageStorage;

    Gallery(Images images, ImageDeletion deletions, ImageUsages usages, ImageStorage imageStorage) {
        this.images = images;
        this.deletions = deletions;
        this.usages = usages;
        this.imageStorage = imageStorage;
    }

    /** Images of the caller's own. */
    static ImageScope own(Caller caller) {
        return new ImageScope.OwnedBy(caller.subject());
    }

    /** Images that an admin looks after: of the admin's projects, or all. */
    static ImageScope administered(Caller admin) {
        return admin.roles().contains("super-admin")
                ? new ImageScope.Everywhere()
                : new ImageScope.InProjects(admin.projects());
    }

    /** Images that a caller may say to be in use: a service's articles use anybody's. */
    static ImageScope usable(Caller caller) {
        return caller.roles().contains("service") ? new ImageScope.Everywhere() : own(caller);
    }

    Mono<Images.Page> list(ImageScope scope, ImageFilter filter, int page, int size) {
        return images.list(scope, filter, page, size);
    }

    Mono<Images.Page> list(ImageScope scope, ImageFilter filter, ImageCursor after, int size) {
        return images.list(scope, filter, after, size);
    }

    /** Fails with {@code not_found}. */
    Mono<Image> find(UUID id, ImageScope scope) {
        return images.find(id, scope).switchIfEmpty(absent(id));
    }

    /** One that the caller may look at: its own, or one that it administers. Fails with {@code not_found}. */
    Mono<Image> visible(UUID id, Caller caller) {
        Mono<Image> administered = caller.isAdmin() ? images.find(id, administered(caller)) : Mono.empty();
        return images.find(id, own(caller)).switchIfEmpty(administered).switchIfEmpty(absent(id));
    }

    Mono<List<ImageUsages.Count>> usages(UUID id, ImageScope scope) {
        return usages.count(id, scope);
    }

    /** Fails with {@code not_found}. */
    Mono<Image> describe(UUID id, ImageScope scope, ImageDescription description) {
        return images.describe(id, scope, description).switchIfEmpty(absent(id));
    }

    /**
     * Deletes the object, its smaller copies, then the row. Fails with {@code not_found}, {@code image_in_use}, or
     * {@code storage_failed} or {@code storage_missing}: then the image is there as before if its file is known to be
     * and nobody else is deleting it; else it stays invisible, and its deletion is ended by the next who asks for it or
     * by the reconciler.
     */
    Mono<Void> delete(UUID id, ImageScope scope) {
        return deletions.begin(id, scope).flatMap(start -> switch (start) {
            case ImageDeletion.Start.Absent absent -> absent(id).then();
            case ImageDeletion.Start.InUse(List<ImageUsages.Count> counts) -> Mono.error(inUse(counts));
            case ImageDeletion.Start.Begun begun ->
                imageStorage
                        .remove(begun.image())
                        .onErrorResume(StorageException.class, failed -> notRemoved(begun, failed));
        });
    }

    /** A store that fell silent may have removed the file all the same; one that is not there has removed nothing. */
    private Mono<Void> notRemoved(ImageDeletion.Start.Begun begun, StorageException failed) {
        Image image = begun.image();
        Mono<Boolean> isThere =
                failed.kind() == StorageException.Kind.MISSING ? Mono.just(true) : imageStorage.isThere(image);
        return isThere.flatMap(there -> there
                        ? deletions
                                .restore(begun)
                                .flatMap(restored -> Mono.<Void>error(
                                        restored ? notDeleted(image.id(), failed) : undecided(image.id(), failed)))
                        : imageStorage.removeRest(image))
                .onErrorMap(StorageException.class, silent -> undecided(image.id(), silent));
    }

    /** Says that something uses an image. Fails with {@code not_found}. */
    Mono<Void> use(UUID id, ImageScope scope, String kind, String ref, String role) {
        return usages.put(id, scope, kind, ref, role)
                .flatMap(there -> there ? Mono.<Void>empty() : absent(id).then());
    }

    /** Says that something uses an image no longer. Fails with {@code not_found}. */
    Mono<Void> release(UUID id, ImageScope scope, String kind, String ref) {
        return usages.remove(id, scope, kind, ref)
                .flatMap(there -> there ? Mono.<Void>empty() : absent(id).then());
    }

    static <T> Mono<T> absent(UUID id) {
        return Mono.error(() -> new GatewayException(ProblemCode.NOT_FOUND, "There is no image " + id + "."));
    }

    /** "Image is used as featured image for 3 articles". */
    private static GatewayException inUse(List<ImageUsages.Count> counts) {
        String uses = counts.stream()
                .map(count -> "as " + count.role() + " image for " + count.count() + " " + count.kind()
                        + (count.count() == 1 ? "" : "s"))
                .collect(Collectors.joining(", "));
        return new GatewayException(ProblemCode.IMAGE_IN_USE, "Image is used " + uses).with("usages", counts);
    }

    private static GatewayException notDeleted(UUID id, StorageException failed) {
        return problem(id, failed, "The store did not delete the file; the image is still there.");
    }

    private static GatewayException undecided(UUID id, StorageException failed) {
        return problem(
                id, failed, "The store does not answer. The image is gone from the gallery; its file goes later.");
    }

    private static GatewayException problem(UUID id, StorageException failed, String detail) {
        LOG.atWarn()
                .addKeyValue("image.id", id)
                .addKeyValue("failure.code", failed.kind().code())
                .log("image {} not deleted: {}", id, FailureLine.of(failed));
        return new GatewayException(StorageProblems.code(failed), detail, failed)
                .with("reason", failed.kind().code());
    }
}
