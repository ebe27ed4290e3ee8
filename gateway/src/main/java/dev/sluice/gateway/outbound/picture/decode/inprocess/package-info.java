/**
 * Pictures decoded in this process, where libvips is not installed: row by row, in memory that was reserved before.
 * {@link dev.sluice.gateway.outbound.picture.decode.inprocess.InProcessDecoder} is the way in.
 */
@NullMarked
package dev.sluice.gateway.outbound.picture.decode.inprocess;

import org.jspecify.annotations.NullMarked;
