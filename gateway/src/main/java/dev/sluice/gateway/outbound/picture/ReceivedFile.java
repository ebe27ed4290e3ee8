package dev.sluice.gateway.outbound.picture;

import java.nio.file.Path;

/**
 * An image in a work file, whole and checked.
 *
 * @param file where it is
 * @param size in bytes
 * @param crc32 of all its bytes, unsigned
 * @param etag strong and quoted, of all its bytes
 * @param picture what it shows itself to be
 */
public record ReceivedFile(Path file, long size, long crc32, String etag, Picture picture) {}
