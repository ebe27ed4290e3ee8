package dev.sluice.gateway.feature.uploads;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;

/** Formats that are taken where the decoder reads them ({@link UploadTypes}), in the order in which they are told. */
enum UploadType {
    JPEG("jpeg", "image/jpeg", "jpg"),
    /** No registered name, and used all the same. */
    JPG("jpg", "image/jpeg", "jpg"),
    PNG("png", "image/png", "png"),
    WEBP("webp", "image/webp", "webp"),
    HEIC("heic", "image/heic", "heic"),
    HEIF("heif", "image/heif", "heif"),
    GIF("gif", "image/gif", "gif"),
    AVIF("avif", "image/avif", "avif"),
    SVG("svg+xml", "image/svg+xml", "svg"),
    TIFF("tiff", "image/tiff", "tiff"),
    JXL("jxl", "image/jxl", "jxl");

    private final String announced;
    private final String found;
    private final String extension;

    UploadType(String subtype, String found, String extension) {
        this.announced = "image/" + subtype;
        this.found = found;
        this.extension = extension;
    }

    /** The type of that name, exactly as it is told; null if it is none of these. */
    static @Nullable UploadType of(String contentType) {
        return Arrays.stream(values())
                .filter(type -> type.announced.equals(contentType))
                .findFirst()
                .orElse(null);
    }

    static List<MediaType> mediaTypes() {
        return Arrays.stream(values())
                .map(type -> MediaType.parseMediaType(type.announced))
                .toList();
    }

    /** As it is sent. */
    String announced() {
        return announced;
    }

    /** What its magic bytes must be. */
    String found() {
        return found;
    }

    /** Of its object's name. */
    String extension() {
        return extension;
    }
}
