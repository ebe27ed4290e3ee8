package dev.sluice.gateway.outbound.picture.decode.inprocess;

import org.jspecify.annotations.Nullable;

/**
 * A picture that was scaled down while it was decoded. It is as stored: not yet turned upright, in its own colours.
 *
 * @param pixels the average of those of the file: every pixel of the file counts
 * @param profile its ICC profile, not parsed; null if it has none
 */
@SuppressWarnings("ArrayRecordComponent") // no two are compared
record DownscaledPicture(Pixels pixels, byte @Nullable [] profile) {}
