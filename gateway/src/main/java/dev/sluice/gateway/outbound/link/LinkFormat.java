package dev.sluice.gateway.outbound.link;

import org.jspecify.annotations.Nullable;

/** How a content is kept: in as few bytes as it takes, since all callers share the room. */
public interface LinkFormat<T> {

    /** As bytes, for {@link #read}. */
    byte[] write(T content);

    /** What was written; null if it cannot be read, for example because another release wrote it. */
    @Nullable T read(byte[] bytes);

    /** About the bytes that it takes on the heap while it is in use. */
    int weight(T content);
}
