/**
 * One store of remote images for all who fetch some: the proxy, archives, trainings. In: the URL of an image, and how
 * fresh it has to be. Out: its bytes, from a file of {@link dev.sluice.gateway.outbound.imagecache.disk} that its
 * origin has confirmed or that is young enough, or else from the origin, which is asked once for all who want the same
 * image stored at the same time.
 */
@NullMarked
package dev.sluice.gateway.outbound.imagecache;

import org.jspecify.annotations.NullMarked;
