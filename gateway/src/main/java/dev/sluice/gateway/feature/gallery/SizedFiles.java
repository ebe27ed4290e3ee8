package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.database.image.Image;
import dev.sluice.gateway.outbound.database.image.ImageObject;
import dev.sluice.gateway.outbound.database.image.ImageThumbnails;
import dev.sluice.gateway.outbound.database.image.ImageThumbnails.Progress;
import dev.sluice.gateway.outbound.picture.Pictures;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Selects the file that is sent for an image at a width:
 *
 * <ol>
 *   <li>the narrowest copy that is as wide, or wider;
 *   <li>if the picture itself is no wider than that: the picture, if browsers show its type, else its widest copy;
 *   <li>none, but only for now, while copies are still to be made;
 *   <li>none, and none to come: the picture cannot be decoded, or is too high for a copy that wide.
 * </ol>
 *
 * The image itself is never sent in place of a smaller copy.
 */
final class SizedFiles {
    private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

    private final Pictures pictures;

    /** @param pictures says what can be decoded here */
    SizedFiles(Pictures pictures) {
        this.pictures = pictures;
    }

    /** The bytes to send. */
    record SizedFile(String key, String contentType, long size, String etag) {

        private static SizedFile of(ImageThumbnails.Stored thumbnail) {
            return new SizedFile(thumbnail.key(), thumbnail.contentType(), thumbnail.size(), thumbnail.etag());
        }

        private static SizedFile of(ImageObject object) {
            return new SizedFile(object.key(), object.contentType(), object.size(), object.etag());
        }
    }

    /**
     * The file for a width, or for the image itself.
     *
     * @throws GatewayException {@code not_found}, with when to ask again if there will be one
     */
    SizedFile of(Image image, ImageObject object, @Nullable Integer width) {
        if (width == null) {
            return SizedFile.of(object);
        }
        List<ImageThumbnails.Stored> copies = image.thumbnails().stored();
        for (ImageThumbnails.Stored copy : copies) {
            if (copy.width() >= width) {
                return SizedFile.of(copy);
            }
        }
        boolean isMeasured = image.thumbnails().progress() == Progress.DONE;
        if (isMeasured && object.width() <= width) {
            if (Pictures.SHOWN_BY_BROWSERS.contains(object.contentType())) {
                return SizedFile.of(object);
            }
            if (!copies.isEmpty()) {
                return SizedFile.of(copies.getLast());
            }
        }
        throw none(image, object, width);
    }

    private GatewayException none(Image image, ImageObject object, int width) {
        String which = "Image " + image.id() + " has no copy of width " + width;
        boolean isWaiting = image.thumbnails().progress() == Progress.WAITING;
        if (isWaiting && isDecoded(object.contentType())) {
            return new GatewayException(ProblemCode.NOT_FOUND, which + " yet; it is being made.")
                    .retryAfter(RETRY_AFTER);
        }
        return new GatewayException(ProblemCode.NOT_FOUND, which + why(image, object));
    }

    private static String why(Image image, ImageObject object) {
        return switch (image.thumbnails().progress()) {
            case WAITING -> ": " + object.contentType() + " is not decoded here.";
            case IMPOSSIBLE -> " and will have none: the picture cannot be decoded.";
            case DONE ->
                " and will have none: of " + object.width() + " x " + object.height()
                        + " pixels, the picture is too high for it.";
        };
    }

    private boolean isDecoded(String contentType) {
        return pictures.acceptedTypes().stream()
                .anyMatch(type -> type.mediaType().equals(contentType));
    }
}
