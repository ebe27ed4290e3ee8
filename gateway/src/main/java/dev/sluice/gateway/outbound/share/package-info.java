/**
 * What one caller holds of something that all share. In: a budget, and for whom something is done. Out: reservations
 * that leave others their part.
 */
@NullMarked
package dev.sluice.gateway.outbound.share;

import org.jspecify.annotations.NullMarked;
