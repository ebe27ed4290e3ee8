package dev.sluice.zipstream;

import org.springframework.core.io.buffer.DataBuffer;

/**
 * Sees every buffer of one subscription before it is handed on, on the thread that brings it. Whatever it throws ends
 * the stream with that error.
 */
interface Inspection {

    /** Looks at a buffer. It stays the stream's: not to be kept, moved, changed or released. */
    void buffer(DataBuffer buffer);

    /** Upstream says that this was all. */
    default void end() {}
}
