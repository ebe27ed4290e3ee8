package dev.sluice.gateway.outbound.link;

import org.jspecify.annotations.Nullable;

/** How a content is kept. */
public interface LinkFormat<T> {

    /** As text, for {@link #read}. */
    String write(T content);

    /** What was written; null if it cannot be read, for example because another release wrote it. */
    @Nullable T read(String text);

    /** About the bytes that it takes on the heap. */
    int weight(T content);
}
