/**
 * The files of the image store: images on disk under their canonical URLs, within a hard bound, with the small ones in
 * memory too. Whole bodies and what is known of them come in; open images, which their readers dispose of, go out.
 * {@link dev.sluice.gateway.outbound.imagecache.disk.ImageCache} is the way in.
 */
@NullMarked
package dev.sluice.gateway.outbound.imagecache.disk;

import org.jspecify.annotations.NullMarked;
