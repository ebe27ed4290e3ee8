/**
 * Named limits, and one atomic decision over all that a route names: the API. A {@link Limiter} takes a policy and a
 * subject, and answers a decision; {@code redis} and {@code local} implement it.
 */
@NullMarked
package dev.sluice.limits;

import org.jspecify.annotations.NullMarked;
