package dev.sluice.gateway.outbound.imagetype;

/**
 * An image format as its magic bytes tell it.
 *
 * @param mediaType for example {@code image/jpeg}
 * @param extension usual file name extension without the dot, for example {@code jpg}
 */
public record ImageType(String mediaType, String extension) {}
