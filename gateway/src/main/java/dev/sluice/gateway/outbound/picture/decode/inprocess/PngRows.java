package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.picture.format.PictureException;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.Arrays;

/**
 * The rows of a PNG as pixels: undoes the filters, each of which says by which neighbour its bytes were made smaller.
 */
final class PngRows {
    private final DataInputStream filtered;
    private final PngPixel pixel;
    private final int distance;
    private final byte[] samples;
    private byte[] row;
    private byte[] above;

    /**
     * @param filtered the unpacked bytes of the file
     * @param width most pixels that a row has
     */
    PngRows(DataInputStream filtered, PngPixel pixel, int width) {
        this.filtered = filtered;
        this.pixel = pixel;
        this.distance = pixel.filterDistance();
        this.samples = new byte[Math.multiplyExact(width, pixel.layout().bands)];
        this.row = new byte[1 + pixel.rowBytes(width)];
        this.above = new byte[row.length];
    }

    /** Begins a pass, whose first row has none above it. */
    void pass() {
        Arrays.fill(row, (byte) 0);
    }

    /** The next row of so many pixels, valid until the next call. */
    byte[] next(int pixels) throws IOException {
        byte[] free = above;
        above = row;
        row = free;
        int length = 1 + pixel.rowBytes(pixels);
        filtered.readFully(row, 0, length);
        // Bytes left of the row count as 0, so the first ones have a simpler rule.
        int first = Math.min(length, 1 + distance);
        switch (row[0]) {
            case 0 -> {}
            case 1 -> {
                for (int i = first; i < length; i++) {
                    row[i] += row[i - distance];
                }
            }
            case 2 -> {
                for (int i = 1; i < length; i++) {
                    row[i] += above[i];
                }
            }
            case 3 -> average(first, length);
            case 4 -> paeth(first, length);
            default -> throw PictureException.damaged("image", "filter " + row[0] + " (expected: 0 to 4)", null);
        }
        pixel.unpack(row, 1, pixels, samples);
        return samples;
    }

    private void average(int first, int length) {
        for (int i = 1; i < first; i++) {
            row[i] += (byte) ((above[i] & 0xff) >> 1);
        }
        for (int i = first; i < length; i++) {
            row[i] += (byte) (((row[i - distance] & 0xff) + (above[i] & 0xff)) >> 1);
        }
    }

    private void paeth(int first, int length) {
        for (int i = 1; i < first; i++) {
            row[i] += above[i];
        }
        for (int i = first; i < length; i++) {
            int left = row[i - distance] & 0xff;
            int up = above[i] & 0xff;
            int corner = above[i - distance] & 0xff;
            int toLeft = Math.abs(up - corner);
            int toUp = Math.abs(left - corner);
            int toCorner = Math.abs(left + up - 2 * corner);
            int nearest = toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
            row[i] += (byte) nearest;
        }
    }
}
