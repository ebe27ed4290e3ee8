/**
 * Objects and rows together: what neither the store nor the database can keep in order alone, and what callers are told
 * when either fails. The order of steps is drawn on the page of {@link dev.sluice.gateway.outbound.database}.
 */
@NullMarked
package dev.sluice.gateway.outbound.custody;

import org.jspecify.annotations.NullMarked;
