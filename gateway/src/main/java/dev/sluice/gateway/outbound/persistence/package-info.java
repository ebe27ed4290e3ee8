/**
 * Objects and rows together: what neither the store nor the database keeps consistent alone, and the problems that
 * clients are told when either fails. The order of the steps is drawn on the page of
 * {@link dev.sluice.gateway.outbound.database.image}.
 */
@NullMarked
package dev.sluice.gateway.outbound.persistence;

import org.jspecify.annotations.NullMarked;
