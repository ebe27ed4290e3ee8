package dev.sluice.gateway.outbound.picture.decode.inprocess;

import org.jspecify.annotations.Nullable;

/**
 * A picture that was made smaller while it was decoded, as it is stored: not turned, in its own colours.
 *
 * @param pixels of which every pixel of the file is a part
 * @param profile its ICC profile, not looked at; null if it has none
 */
@SuppressWarnings("ArrayRecordComponent") // no two are compared
record Shrunk(Pixels pixels, byte @Nullable [] profile) {}
