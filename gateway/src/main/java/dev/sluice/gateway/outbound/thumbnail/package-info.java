/**
 * The smaller copies of stored images. In: an image that was decoded. Out: objects beside its own, and rows that name
 * them; those that could not be made when the image was stored are made later, in the background.
 */
@NullMarked
package dev.sluice.gateway.outbound.thumbnail;

import org.jspecify.annotations.NullMarked;
