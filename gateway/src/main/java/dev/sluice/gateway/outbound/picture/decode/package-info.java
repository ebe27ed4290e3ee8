/**
 * Decodes image files within bounds of memory, processor time and wall-clock time. In: a file whose container was
 * checked ({@link dev.sluice.gateway.outbound.picture.format}). Out: its size as decoded, thumbnails in files, a
 * placeholder; or what is wrong with it.
 */
@NullMarked
package dev.sluice.gateway.outbound.picture.decode;

import org.jspecify.annotations.NullMarked;
