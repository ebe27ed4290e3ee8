package dev.sluice.zipstream;

/**
 * An entry's content had another length than its header said, or a range of it another than was asked for; see
 * {@link ZipStream#of} and {@link ArchiveLayout#bytes}.
 */
public final class EntrySizeMismatchException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String name;
    private final long expected;
    private final long actual;

    EntrySizeMismatchException(String name, long expected, long actual) {
        super("entry '" + name + "': content of " + actual + " bytes (expected: exactly " + expected + ")");
        this.name = name;
        this.expected = expected;
        this.actual = actual;
    }

    /** Name of the entry. */
    public String name() {
        return name;
    }

    /** What its header said or was asked for, in bytes. */
    public long expected() {
        return expected;
    }

    /** Bytes counted when the difference was found. */
    public long actual() {
        return actual;
    }
}
