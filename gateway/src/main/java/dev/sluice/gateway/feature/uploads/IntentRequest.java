package dev.sluice.gateway.feature.uploads;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.persistence.FileName;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.util.unit.DataSize;
import tools.jackson.databind.JsonNode;

/**
 * The images that a caller is going to upload. Read from the tree, since each refusal names the image as its sender
 * calls it; what else the request says is the caller's own affair.
 *
 * @param listingId the listing that they are for; null for a new one
 * @param images 1 to 20
 */
record IntentRequest(@Nullable String listingId, List<Wanted> images) {
    static final int MOST_IMAGES = 20;
    private static final int HIGHEST_ORDER = 1_000_000;
    private static final BigDecimal MEGABYTE =
            BigDecimal.valueOf(DataSize.ofMegabytes(1).toBytes());
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    private static final String EXPECTED_NAME = "1 to 64 letters, digits and . _ -, the first a letter or digit";
    private static final Set<String> MEMBERS =
            Set.of("imageId", "contentType", "fileSize", "fileName", "isPrimary", "displayOrder");

    /**
     * One image.
     *
     * @param imageId as its sender calls it
     * @param fileSize in bytes, at least 1
     * @param fileName what its file is called, if that was said
     * @param displayOrder its place among the others, if it has one
     */
    record Wanted(
            String imageId,
            UploadType type,
            long fileSize,
            @Nullable String fileName,
            boolean isPrimary,
            @Nullable Integer displayOrder) {}

    /** As it was sent: each member of the right kind, and not yet judged. */
    private record Said(
            int index,
            String imageId,
            String contentType,
            long fileSize,
            @Nullable String fileName,
            boolean isPrimary,
            @Nullable Integer displayOrder) {

        GatewayException bad(String member, @Nullable Object value, String expected) {
            return about(
                    ProblemCode.MALFORMED_REQUEST,
                    member,
                    "Image " + imageId + ": " + member + ": " + value + " (expected: " + expected + ")");
        }

        GatewayException about(ProblemCode code, String member, String detail) {
            return new GatewayException(code, detail)
                    .with("member", "images[" + index + "]." + member)
                    .with("imageId", imageId);
        }
    }

    /**
     * Reads a body: first whether it can be read at all, then every image's type, then every image's size.
     *
     * @throws GatewayException {@code malformed_request}, {@code too_many_images}, {@code unsupported_image_type} or
     *     {@code image_too_large}
     */
    static IntentRequest read(JsonNode body, DataSize largest, UploadTypes taken) {
        JsonNode listing = body.path("listingId");
        String listingId = isAbsent(listing) ? null : name("listingId", listing);
        JsonNode images = body.path("images");
        if (!images.isArray() || images.isEmpty()) {
            throw bad("images", images.isArray() ? "none" : shown(images), "1 to " + MOST_IMAGES + " images");
        }
        if (images.size() > MOST_IMAGES) {
            throw GatewayException.badMember(
                    ProblemCode.TOO_MANY_IMAGES, "images", images.size() + " images", "1 to " + MOST_IMAGES);
        }
        List<Said> said = new ArrayList<>();
        for (JsonNode image : images) {
            said.add(image(said.size(), image));
        }
        refuseClashes(said);
        List<UploadType> types = said.stream().map(image -> type(image, taken)).toList();
        said.forEach(image -> checkSize(image, largest));
        return new IntentRequest(
                listingId,
                said.stream()
                        .map(image -> new Wanted(
                                image.imageId(),
                                types.get(image.index()),
                                image.fileSize(),
                                image.fileName(),
                                image.isPrimary(),
                                image.displayOrder()))
                        .toList());
    }

    private static Said image(int index, JsonNode image) {
        String path = "images[" + index + "]";
        if (!image.isObject()) {
            throw bad(path, shown(image), "an object");
        }
        String id = name(path + ".imageId", image.path("imageId"));
        Said named = new Said(index, id, "", 0, null, false, null);
        Set<String> unknown = new TreeSet<>(image.propertyNames());
        unknown.removeAll(MEMBERS);
        if (!unknown.isEmpty()) {
            String first = unknown.iterator().next();
            throw named.bad(cut(first), "an unknown member", "one of " + new TreeSet<>(MEMBERS));
        }
        JsonNode type = image.path("contentType");
        if (!type.isString()) {
            throw named.bad("contentType", shown(type), "a media type");
        }
        JsonNode size = image.path("fileSize");
        if (!size.isIntegralNumber() || !size.canConvertToLong() || size.longValue() < 1) {
            throw named.bad("fileSize", shown(size), "a whole number of bytes, at least 1");
        }
        return new Said(
                index,
                id,
                type.stringValue(),
                size.longValue(),
                fileName(named, image),
                isPrimary(named, image),
                displayOrder(named, image));
    }

    private static @Nullable String fileName(Said named, JsonNode image) {
        JsonNode name = image.path("fileName");
        if (isAbsent(name)) {
            return null;
        }
        String text = name.isString() ? name.stringValue() : "";
        if (text.isEmpty() || text.codePointCount(0, text.length()) > FileName.LONGEST || text.indexOf('\0') >= 0) {
            throw named.bad("fileName", shown(name), "1 to " + FileName.LONGEST + " characters, none of them NUL");
        }
        return text;
    }

    private static boolean isPrimary(Said named, JsonNode image) {
        JsonNode primary = image.path("isPrimary");
        if (!isAbsent(primary) && !primary.isBoolean()) {
            throw named.bad("isPrimary", shown(primary), "true or false");
        }
        return primary.asBoolean(false);
    }

    private static @Nullable Integer displayOrder(Said named, JsonNode image) {
        JsonNode order = image.path("displayOrder");
        if (isAbsent(order)) {
            return null;
        }
        if (!order.isIntegralNumber()
                || !order.canConvertToInt()
                || order.intValue() < 0
                || order.intValue() > HIGHEST_ORDER) {
            throw named.bad("displayOrder", shown(order), "0 to " + HIGHEST_ORDER);
        }
        return order.intValue();
    }

    private static void refuseClashes(List<Said> images) {
        refuseClash(images, "imageId", Said::imageId, "another for each image");
        refuseClash(images, "isPrimary", image -> image.isPrimary() ? true : null, "true for one image");
        refuseClash(images, "displayOrder", Said::displayOrder, "another for each image");
    }

    private static <T> void refuseClash(
            List<Said> images, String member, Function<Said, @Nullable T> value, String expected) {
        Map<T, String> seen = new HashMap<>();
        for (Said image : images) {
            T said = value.apply(image);
            String first = said == null ? null : seen.putIfAbsent(said, image.imageId());
            if (first != null) {
                throw image.bad(member, said + ", as of image " + first, expected);
            }
        }
    }

    private static UploadType type(Said image, UploadTypes taken) {
        UploadType type = taken.of(image.contentType());
        if (type == null) {
            throw image.about(
                    ProblemCode.UNSUPPORTED_IMAGE_TYPE,
                    "contentType",
                    "Invalid image content type: " + cut(image.contentType()) + ". Allowed types: " + taken.names());
        }
        return type;
    }

    private static void checkSize(Said image, DataSize largest) {
        if (image.fileSize() > largest.toBytes()) {
            String most = megabytes(largest.toBytes()).stripTrailingZeros().toPlainString();
            throw image.about(
                    ProblemCode.IMAGE_TOO_LARGE,
                    "fileSize",
                    "Image " + image.imageId() + ": file size " + megabytes(image.fileSize())
                            + "MB exceeds maximum allowed size of " + most + "MB");
        }
    }

    /** With two decimals: a quotient by a power of two is exact, so a half is a half and goes up. */
    private static BigDecimal megabytes(long bytes) {
        return BigDecimal.valueOf(bytes).divide(MEGABYTE).setScale(2, RoundingMode.HALF_UP);
    }

    /** A name that may be a part of paths, headers and logs. */
    static boolean isName(String text) {
        return NAME.matcher(text).matches();
    }

    private static String name(String member, JsonNode value) {
        if (!value.isString() || !isName(value.stringValue())) {
            throw bad(member, shown(value), EXPECTED_NAME);
        }
        return value.stringValue();
    }

    private static boolean isAbsent(JsonNode value) {
        return value.isMissingNode() || value.isNull();
    }

    private static String shown(JsonNode value) {
        return value.isMissingNode()
                ? "none"
                : switch (value.getNodeType()) {
                    case OBJECT -> "an object";
                    case ARRAY -> "an array";
                    default -> cut(value.asString("null"));
                };
    }

    private static String cut(String text) {
        return text.length() <= 100 ? text : text.substring(0, 100) + "…";
    }

    private static GatewayException bad(String member, Object value, String expected) {
        return GatewayException.badMember(ProblemCode.MALFORMED_REQUEST, member, value, expected);
    }
}
