package dev.sluice.gateway.outbound.picture;

import dev.sluice.gateway.outbound.imagetype.ImageType;

/**
 * An image file that was checked.
 *
 * @param type as its magic bytes tell it
 * @param width in pixels
 * @param height in pixels
 */
public record Picture(ImageType type, int width, int height) {}
