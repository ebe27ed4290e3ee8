/** Counts in the memory of this process: for development, and while Redis cannot be asked. */
@NullMarked
package dev.sluice.limits.local;

import org.jspecify.annotations.NullMarked;
