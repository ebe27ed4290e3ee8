/**
 * Remote images under the gateway's own roof. In: the URL of an image. Out: its bytes, from a cache on disk that never
 * outgrows its bound, or from the origin.
 */
@NullMarked
package dev.sluice.gateway.feature.imageproxy;

import org.jspecify.annotations.NullMarked;
