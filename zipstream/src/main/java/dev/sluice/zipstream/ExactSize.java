package dev.sluice.zipstream;

import org.springframework.core.io.buffer.DataBuffer;

/** Content of an entry, or a range of it, is as long as what was said before it; not a byte too much goes out. */
final class ExactSize implements Inspection {

    private final String name;
    private final long expected;
    private long count;

    ExactSize(String name, long expected) {
        this.name = name;
        this.expected = expected;
    }

    @Override
    public void buffer(DataBuffer buffer) {
        count += buffer.readableByteCount();
        if (count > expected) {
            throw new EntrySizeMismatchException(name, expected, count);
        }
    }

    @Override
    public void end() {
        if (count != expected) {
            throw new EntrySizeMismatchException(name, expected, count);
        }
    }
}
