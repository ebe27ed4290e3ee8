/**
 * What the containers of image files say, one format a class, read without decoding anything. In: a file. Out: a
 * {@link dev.sluice.gateway.outbound.picture.format.PictureHeader}, once the container's own lengths add up to the
 * file; or what is wrong with it.
 */
@NullMarked
package dev.sluice.gateway.outbound.picture.format;

import org.jspecify.annotations.NullMarked;
