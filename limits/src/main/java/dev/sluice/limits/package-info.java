/** Named limits, and one atomic decision over all that a route names. */
@NullMarked
package dev.sluice.limits;

import org.jspecify.annotations.NullMarked;
