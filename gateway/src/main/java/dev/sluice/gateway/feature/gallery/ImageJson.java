package dev.sluice.gateway.feature.gallery;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.sluice.gateway.outbound.database.image.Image;
import dev.sluice.gateway.outbound.database.image.ImageObject;
import dev.sluice.gateway.outbound.thumbnail.ThumbnailLink;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An image as clients see it. What does not apply is left out.
 *
 * @param status how far it is: generating, completed or failed
 * @param source generated, imported or uploaded
 * @param name what its owner calls it
 * @param hostId whose listing it was uploaded for
 * @param url where its bytes are, once there are any
 * @param downloadUrl the same, to be saved under a name
 * @param thumbnails smaller copies, narrowest first
 * @param thumbnailStatus whether more of them are to come: waiting, done or impossible
 * @param blurhash what stands for the picture until it is loaded
 * @param error why it will not come
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record ImageJson(
        UUID id,
        String status,
        String source,
        @Nullable String owner,
        @Nullable String projectId,
        @Nullable String name,
        @Nullable String hostId,
        @Nullable String listingId,
        @Nullable String prompt,
        @Nullable String aspectRatio,
        @Nullable String provider,
        @Nullable String altText,
        @Nullable String contentType,
        @Nullable Long size,
        @Nullable Integer width,
        @Nullable Integer height,
        @Nullable String url,
        @Nullable String downloadUrl,
        List<ThumbnailLink> thumbnails,
        @Nullable String thumbnailStatus,
        @Nullable String blurhash,
        @Nullable ErrorJson error,
        Instant createdAt,
        Instant updatedAt,
        @Nullable Instant completedAt) {

    /** Characters of a prompt that stand in for an alternative text that nobody wrote. */
    private static final int PROMPT_BEGINNING = 100;

    /**
     * Why an image failed.
     *
     * @param code stable
     * @param detail for people
     */
    record ErrorJson(String code, String detail) {}

    /** For its owner. */
    static ImageJson of(Image image) {
        return of(image, null);
    }

    /** For an admin, who sees whose it is. */
    static ImageJson withOwner(Image image) {
        return of(image, image.owner());
    }

    private static ImageJson of(Image image, @Nullable String owner) {
        Image.Generation generation = image.generation();
        ImageObject object = image.object();
        Image.Failure failure = image.failure();
        Image.Listing listing = image.listing();
        boolean hasFile = object != null || image.externalUrl() != null;
        return new ImageJson(
                image.id(),
                image.status().code(),
                image.source().code(),
                owner,
                image.projectId(),
                name(image),
                listing == null ? null : listing.hostId(),
                listing == null ? null : listing.listingId(),
                generation == null ? null : generation.prompt(),
                generation == null ? null : generation.aspectRatio(),
                generation == null ? null : generation.provider(),
                altText(image),
                object == null ? null : object.contentType(),
                object == null ? null : object.size(),
                object == null ? null : object.width(),
                object == null ? null : object.height(),
                hasFile ? GalleryRoutes.PATH + "/" + image.id() + "/file" : null,
                hasFile ? GalleryRoutes.PATH + "/" + image.id() + "/download" : null,
                ThumbnailLink.of(image),
                object == null ? null : image.thumbnails().progress().code(),
                image.thumbnails().placeholder(),
                failure == null ? null : new ErrorJson(failure.code(), failure.detail()),
                image.createdAt(),
                image.updatedAt(),
                image.completedAt());
    }

    /** What its owner calls it; a generated one that nobody has named is called by its description. */
    static @Nullable String name(Image image) {
        return image.name() == null && image.generation() != null ? altText(image) : image.name();
    }

    /** What its owner wrote, else the beginning of the prompt. */
    static @Nullable String altText(Image image) {
        Image.Generation generation = image.generation();
        if (image.altText() != null || generation == null) {
            return image.altText();
        }
        String prompt = generation.prompt();
        return prompt.codePointCount(0, prompt.length()) <= PROMPT_BEGINNING
                ? prompt
                : prompt.substring(0, prompt.offsetByCodePoints(0, PROMPT_BEGINNING));
    }
}
