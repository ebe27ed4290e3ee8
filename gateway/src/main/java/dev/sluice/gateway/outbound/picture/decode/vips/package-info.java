/**
 * Pictures decoded by libvips' command line, in child processes with bounds of their own and without a network.
 * {@link dev.sluice.gateway.outbound.picture.decode.vips.VipsDecoder} is the way in.
 */
@NullMarked
package dev.sluice.gateway.outbound.picture.decode.vips;

import org.jspecify.annotations.NullMarked;
