package dev.sluice.gateway.outbound.picture.decode.inprocess;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;

/** A JPEG of one scan, in two parts. */
interface JpegSource extends Closeable {

    /** All that comes before the rest. */
    byte[] head();

    /**
     * Some of the rest.
     *
     * @param position counted from the end of the head
     * @return how many bytes; -1 if there are no more
     */
    int read(long position, byte[] bytes, int offset, int length) throws IOException;

    /** A file whose head is replaced by another. */
    static JpegSource of(Path path, JpegMarkers jpeg) throws IOException {
        RandomAccessFile file = new RandomAccessFile(path.toFile(), "r");
        return new JpegSource() {
            @Override
            public byte[] head() {
                return jpeg.head();
            }

            @Override
            public int read(long position, byte[] bytes, int offset, int length) throws IOException {
                file.seek(position + jpeg.firstScan());
                return file.read(bytes, offset, length);
            }

            @Override
            public void close() throws IOException {
                file.close();
            }
        };
    }
}
