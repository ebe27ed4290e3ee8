package dev.sluice.gateway.outbound.storage;

import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.ReadOnlyFileSystemException;
import java.util.Locale;
import java.util.concurrent.RejectedExecutionException;

/** Maps failures of the file system. */
public final class LocalFailures {
    private LocalFailures() {}

    /**
     * The failure as a {@link StorageException}; one that is one already, and one that is not the file system's, as it
     * is.
     *
     * @param subject the key, or what else was asked for, such as a file on its way to the store
     */
    public static Throwable of(Object subject, Throwable failure) {
        return switch (failure) {
            case StorageException known -> known;
            case RejectedExecutionException busy ->
                new StorageException(Kind.UNAVAILABLE, subject + ": too many wait for the disk", busy);
            case AccessDeniedException denied ->
                new StorageException(Kind.REFUSED, subject + ": the file system denies access", denied);
            case ReadOnlyFileSystemException readOnly ->
                new StorageException(Kind.REFUSED, subject + ": the file system is read-only", readOnly);
            case NoSuchFileException gone -> new StorageException(Kind.GONE, subject + ": it was deleted", gone);
            case IOException full
            when isFull(full) -> new StorageException(Kind.FULL, subject + ": no space is left", full);
            case IOException other ->
                new StorageException(Kind.BROKEN, subject + ": the file system failed: " + other.getMessage(), other);
            default -> failure;
        };
    }

    /** Java has no other way to tell. */
    private static boolean isFull(IOException failure) {
        String message = String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT);
        return message.contains("no space left") // ENOSPC
                || message.contains("quota exceeded") // EDQUOT
                || message.contains("not enough space"); // Windows
    }
}
