/**
 * What the bytes of an image file are, whatever their name or sender says. In: a file. Out: its format and size in
 * pixels, once it has been decoded; or what is wrong with it.
 */
@NullMarked
package dev.sluice.gateway.outbound.picture;

import org.jspecify.annotations.NullMarked;
