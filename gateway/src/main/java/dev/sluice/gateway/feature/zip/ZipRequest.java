package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.archive.OnError;
import dev.sluice.gateway.contract.archive.RemoteImage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a caller wants in its archive.
 *
 * @param images what to fetch, in the order of the archive; at least one
 * @param filename suggested name of the archive, or null for {@code images.zip}
 * @param onError what a failed image means for the rest
 */
record ZipRequest(List<RemoteImage> images, @Nullable String filename, OnError onError) {

    /** Checks everything that needs no configuration; {@code onError} is {@code skip} unless given. */
    @SuppressWarnings("NullAway") // whoever typed the JSON was not bound by our annotations
    ZipRequest {
        onError = onError == null ? OnError.SKIP : onError;
        images = RemoteImage.checked(images);
    }

    /** This request, unless it names more images than that. */
    ZipRequest within(int maxImages) {
        if (images.size() > maxImages) {
            throw GatewayException.badMember(
                    ProblemCode.TOO_MANY_IMAGES, "images", images.size() + " images", "1 to " + maxImages);
        }
        return this;
    }
}
