package dev.sluice.gateway.outbound.imagecache.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** All by which the cache changes an entry's file, or opens it to send it. Each call blocks, and may fail. */
interface FileCalls {
    /** The file system's. */
    FileCalls SYSTEM = new FileCalls() {};

    /** A new file; fails when there is one. */
    default WritableByteChannel create(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    /** A file to be read. */
    default FileChannel open(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.READ);
    }

    /** Gives a file another name, in one step. */
    default void rename(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Writes into a file in one call. */
    default void overwrite(FileChannel file, long position, ByteBuffer bytes) throws IOException {
        file.write(bytes, position);
    }

    /** Deletes a file; it is no error that it is gone already. */
    default void delete(Path file) throws IOException {
        Files.deleteIfExists(file);
    }
}
