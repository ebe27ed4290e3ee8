package dev.sluice.gateway.outbound.picture.decode;

import dev.sluice.gateway.outbound.imagetype.ImageType;
import java.nio.file.Path;

/**
 * A smaller copy of a picture: upright, in sRGB, without metadata, one frame.
 *
 * @param file where it is, whole
 * @param type WebP or JPEG, whichever is smaller
 * @param width in pixels
 * @param height in pixels
 * @param size in bytes
 * @param etag strong and quoted, of all its bytes
 */
public record Thumbnail(Path file, ImageType type, int width, int height, long size, String etag) {}
