/**
 * Archives of files that are here already, so that all of them is known before a byte is sent. In: what its entries
 * are, and where their bytes lie. Out: any range of it, over HTTP.
 */
@NullMarked
package dev.sluice.gateway.outbound.archive;

import org.jspecify.annotations.NullMarked;
