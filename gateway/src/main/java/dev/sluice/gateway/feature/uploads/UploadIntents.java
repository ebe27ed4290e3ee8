package dev.sluice.gateway.feature.uploads;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.feature.uploads.IntentRequest.Wanted;
import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.outbound.database.image.Image;
import dev.sluice.gateway.outbound.database.image.Upload;
import dev.sluice.gateway.outbound.database.image.Uploads;
import dev.sluice.gateway.outbound.storage.NewObject;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.PresignedUploads;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Announces uploads, then signs them: an object that nobody knows of can never be put. */
final class UploadIntents {
    private final Uploads uploads;
    private final PresignedUploads presigned;
    private final UploadsProperties properties;
    private final Clock clock;

    UploadIntents(Uploads uploads, PresignedUploads presigned, UploadsProperties properties, Clock clock) {
        this.uploads = uploads;
        this.presigned = presigned;
        this.properties = properties;
        this.clock = clock;
    }

    /**
     * What may be uploaded.
     *
     * @param listingId the one that was named, or a new one
     */
    record Accepted(String listingId, List<Signed> images) {}

    /** One image's upload. */
    record Signed(String imageId, PresignedUploads.SignedPut put) {}

    /** Fails with {@code conflict} or {@code quota_exceeded}; nothing is announced then. */
    Mono<Accepted> announce(String owner, String hostId, IntentRequest request) {
        return Mono.defer(() -> {
            String listingId = Objects.requireNonNullElseGet(
                    request.listingId(), () -> UUID.randomUUID().toString());
            Image.Listing listing = new Image.Listing(listingId, hostId);
            Uploads.TimeToLive timeToLive = new Uploads.TimeToLive(properties.urlTtl(), properties.intentTtl());
            List<Upload> announced = request.images().stream()
                    .map(image -> upload(owner, listing, image))
                    .toList();
            return uploads.announce(announced, timeToLive, properties.maxPending())
                    .onErrorMap(UploadIntents::isConflict, UploadIntents::contested)
                    .flatMap(start -> switch (start) {
                        case Uploads.Announcement.Complete(String name) -> Mono.error(complete(name));
                        case Uploads.Announcement.TooMany(long live) -> Mono.error(tooMany(live));
                        case Uploads.Announcement.Announced() -> signed(listingId, announced);
                    });
        });
    }

    private Upload upload(String owner, Image.Listing listing, Wanted image) {
        ObjectKey key = ObjectKey.upload(
                owner, clock.instant(), UUID.randomUUID(), image.type().extension());
        return new Upload(
                UUID.randomUUID(),
                owner,
                listing,
                image.imageId(),
                key.value(),
                image.type().announced(),
                image.fileSize(),
                image.fileName(),
                image.isPrimary(),
                image.displayOrder());
    }

    private Mono<Accepted> signed(String listingId, List<Upload> announced) {
        return Flux.fromIterable(announced)
                .concatMap(this::signed)
                .collectList()
                .map(images -> new Accepted(listingId, images));
    }

    private Mono<Signed> signed(Upload upload) {
        return presigned
                .presignPut(
                        new ObjectKey(upload.objectKey()),
                        new NewObject(upload.contentType(), upload.size(), metadata(upload)),
                        properties.urlTtl())
                .map(put -> new Signed(upload.name(), put));
    }

    /** What the store keeps beside an upload, and beside the image that it becomes. */
    static Map<String, String> metadata(Upload upload) {
        return Map.of("listing-id", upload.listing().listingId(), "image-id", upload.name());
    }

    private static boolean isConflict(Throwable failure) {
        return failure instanceof DatabaseException known && known.kind() == DatabaseException.Kind.CONFLICT;
    }

    private static GatewayException contested(Throwable cause) {
        return new GatewayException(
                ProblemCode.CONFLICT, "Another request announces images of the same listing just now.", cause);
    }

    private static GatewayException complete(String name) {
        return new GatewayException(ProblemCode.CONFLICT, "Image " + name + ": complete already").with("imageId", name);
    }

    private GatewayException tooMany(long live) {
        return new GatewayException(
                        ProblemCode.QUOTA_EXCEEDED,
                        live + " uploads are under way (expected: at most " + properties.maxPending()
                                + " with those of this request)")
                .retryAfter(properties.urlTtl());
    }
}
