package dev.sluice.gateway.contract.archive;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One image that a request names.
 *
 * @param url where it is; judged when it is fetched, so that a bad one costs no other
 * @param name wanted entry name, or null to take the URL's
 */
public record RemoteImage(String url, @Nullable String name) {

    /**
     * The images of a request, as {@code images} says them in JSON.
     *
     * @throws GatewayException {@code malformed_request} when there are none, or one without a URL
     */
    @SuppressWarnings("NullAway") // whoever typed the JSON was not bound by our annotations
    public static List<RemoteImage> checked(@Nullable List<RemoteImage> images) {
        if (images == null) {
            throw malformed("images", null, "an array of images, each with a url");
        }
        if (images.isEmpty()) {
            throw malformed("images", "an empty array", "at least 1 image");
        }
        for (int index = 0; index < images.size(); index++) {
            check("images[" + index + "]", images.get(index));
        }
        return List.copyOf(images);
    }

    @SuppressWarnings("NullAway")
    private static void check(String member, RemoteImage image) {
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
