/**
 * Byte streams that cannot grow, stall or leak, and archives made of them.
 *
 * <p>In: {@code Flux<DataBuffer>}. Out: the same buffers, counted, capped, timed and summed; or, through
 * {@code ZipStream}, the bytes of one archive whose payload is those very buffers.
 */
@NullMarked
package dev.sluice.zipstream;

import org.jspecify.annotations.NullMarked;
