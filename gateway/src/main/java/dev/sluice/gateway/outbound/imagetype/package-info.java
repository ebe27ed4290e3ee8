/**
 * Which image format a file has, by its first bytes. In: the start of a file. Out: its
 * {@link dev.sluice.gateway.outbound.imagetype.ImageType}, or nothing. No name and no declared type counts here.
 */
@NullMarked
package dev.sluice.gateway.outbound.imagetype;

import org.jspecify.annotations.NullMarked;
