/**
 * Many remote images as one archive. In: a {@link dev.sluice.gateway.feature.zip.ZipRequest}, by POST or kept behind a
 * link. Out: a ZIP that streams while its images are still arriving, and never holds a part of one.
 */
@NullMarked
package dev.sluice.gateway.feature.zip;

import org.jspecify.annotations.NullMarked;
