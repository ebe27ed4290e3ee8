package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.picture.format.PictureException;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * PNG (W3C PNG, third edition), all kinds of it. It holds three rows beside what {@link AreaAverage} takes. Java's own
 * reader is not used: it keeps chunks that it does not know, and misses the transparent colour of some pictures.
 */
final class PngReader implements DownscalingReader {
    private static final int SIGNATURE = 8;
    private static final int BUFFER = 1 << 16;

    /** Passes of Adam7: first column and row, steps between columns and rows. */
    private static final int[][] ADAM7 = {
        {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}
    };

    @Override
    public DownscaledPicture read(Path file, Scaling scaling, Deadline deadline) throws IOException {
        try (InputStream png = new BufferedInputStream(Files.newInputStream(file), BUFFER)) {
            png.skipNBytes(SIGNATURE);
            return downscaled(new PngChunks(png), scaling, deadline);
        } catch (EOFException brokenOff) {
            throw damaged("it breaks off", brokenOff);
        } catch (ZipException broken) {
            throw damaged("its pixels are not packed as they should be", broken);
        }
    }

    private static DownscaledPicture downscaled(PngChunks chunks, Scaling scaling, Deadline deadline)
            throws IOException {
        if (chunks.next() != PngChunks.IHDR) {
            throw damaged("it has no header", null);
        }
        DataInputStream header =
                new DataInputStream(new ByteArrayInputStream(Objects.requireNonNull(chunks.content(13))));
        scaling.check(header.readInt(), header.readInt());
        PngPixel pixel = new PngPixel(header.readUnsignedByte(), header.readUnsignedByte());
        header.skipNBytes(2);
        boolean isInterlaced = header.readUnsignedByte() != 0;
        byte[] profile = null;
        for (int type = chunks.next(); type != PngChunks.IDAT; type = chunks.next()) {
            deadline.check();
            switch (type) {
                case PngChunks.PLTE -> pixel.palette(chunks.content(256 * 3));
                case PngChunks.TRNS -> pixel.transparency(chunks.content(256));
                case PngChunks.ICCP -> profile = profile(chunks.content(SrgbColors.MAX_PROFILE));
                case PngChunks.IEND -> throw damaged("it has no pixels", null);
                default -> chunks.skip();
            }
        }
        pixel.checkPalette();
        return new DownscaledPicture(pixels(chunks, pixel, isInterlaced, scaling, deadline), profile);
    }

    private static Pixels pixels(
            PngChunks chunks, PngPixel pixel, boolean isInterlaced, Scaling scaling, Deadline deadline)
            throws IOException {
        AreaAverage smaller = new AreaAverage(scaling, pixel.layout());
        Inflater inflater = new Inflater();
        try (InputStream unpacked = new InflaterInputStream(chunks.joined(), inflater, BUFFER)) {
            PngRows rows = new PngRows(new DataInputStream(unpacked), pixel, scaling.width());
            if (isInterlaced) {
                for (int[] pass : ADAM7) {
                    pass(rows, pass, pixel.layout().bands, smaller, scaling, deadline);
                }
            } else {
                for (int y = 0; y < scaling.height(); y++) {
                    deadline.check();
                    smaller.row(y, rows.next(scaling.width()), 0);
                }
            }
        } finally {
            inflater.end();
        }
        return smaller.result();
    }

    private static void pass(
            PngRows rows, int[] pass, int bands, AreaAverage smaller, Scaling scaling, Deadline deadline)
            throws IOException {
        int pixels = (scaling.width() - pass[0] + pass[2] - 1) / pass[2];
        if (pixels == 0) {
            return;
        }
        rows.pass();
        for (int y = pass[1]; y < scaling.height(); y += pass[3]) {
            deadline.check();
            byte[] samples = rows.next(pixels);
            for (int i = 0; i < pixels; i++) {
                smaller.pixel(pass[0] + i * pass[2], y, samples, i * bands);
            }
        }
    }

    /** A name, a zero, the method, then the profile; null if it is not like that, or too long. */
    private static byte @Nullable [] profile(byte @Nullable [] chunk) {
        int name = 0;
        while (chunk != null && name < chunk.length && chunk[name] != 0) {
            name++;
        }
        if (chunk == null || name + 2 >= chunk.length) {
            return null;
        }
        try (InputStream unpacked =
                new InflaterInputStream(new ByteArrayInputStream(chunk, name + 2, chunk.length - name - 2))) {
            byte[] profile = unpacked.readNBytes(SrgbColors.MAX_PROFILE + 1);
            return profile.length > SrgbColors.MAX_PROFILE ? null : profile;
        } catch (IOException broken) {
            return null;
        }
    }

    static PictureException damaged(String how, @Nullable Exception cause) {
        return PictureException.damaged("image", how, cause);
    }
}
