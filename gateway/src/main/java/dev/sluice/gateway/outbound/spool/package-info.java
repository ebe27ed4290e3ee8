/**
 * Bytes that wait on disk, in files that have no name: nothing is left of them whatever ends the process. In: a body
 * for which room was reserved. Out: the same bytes, as often as they are wanted until they are disposed of.
 */
@NullMarked
package dev.sluice.gateway.outbound.spool;

import org.jspecify.annotations.NullMarked;
