/** Measurements: how near an archive comes to the speed of its checksum. */
@NullMarked
package dev.sluice.zipstream.bench;

import org.jspecify.annotations.NullMarked;
