package dev.sluice.gateway.feature.zip;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a caller wants in its archive.
 *
 * @param images what to fetch, in the order of the archive; at least one
 * @param filename suggested name of the archive, or null for {@code images.zip}
 * @param onError what a failed image means for the rest
 */
record ZipRequest(List<ImageRef> images, @Nullable String filename, OnError onError) {

    /** What a failed image means for the others. */
    enum OnError {
        /** It is left out, and a manifest at the end of the archive names it. */
        @JsonProperty("skip")
        SKIP,
        /** There is no archive without it. */
        @JsonProperty("fail")
        FAIL
    }

    /**
     * One image.
     *
     * @param url where it is; judged when it is fetched, so that a bad one costs no other
     * @param name wanted entry name, or null to take the URL's
     */
    record ImageRef(String url, @Nullable String name) {}

    /** Checks everything that needs no configuration; {@code onError} is {@code skip} unless given. */
    @SuppressWarnings("NullAway") // whoever typed the JSON was not bound by our annotations
    ZipRequest {
        onError = onError == null ? OnError.SKIP : onError;
        if (images == null) {
            throw malformed("images", null, "an array of images, each with a url");
        }
        if (images.isEmpty()) {
            throw malformed("images", "an empty array", "at least 1 image");
        }
        for (int index = 0; index < images.size(); index++) {
            check("images[" + index + "]", images.get(index));
        }
        images = List.copyOf(images);
    }

    /** This request, unless it names more images than that. */
    ZipRequest within(int maxImages) {
        if (images.size() > maxImages) {
            throw GatewayException.badMember(
                    ProblemCode.TOO_MANY_IMAGES, "images", images.size() + " images", "1 to " + maxImages);
        }
        return this;
    }

    @SuppressWarnings("NullAway")
    private static void check(String member, ImageRef image) {
        if (image == null) {
            throw malformed(member, null, "an object with a url");
        }
        if (image.url() == null || image.url().isBlank()) {
            throw malformed(member + ".url", image.url(), "an absolute http or https URL");
        }
    }

    private static GatewayException malformed(String member, @Nullable Object value, String expected) {
        return GatewayException.badMember(ProblemCode.MALFORMED_REQUEST, member, value, expected);
    }
}
