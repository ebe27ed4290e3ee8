package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.picture.decode.inprocess.Pixels.Layout;
import org.jspecify.annotations.Nullable;

/**
 * Shrinks a picture while it is decoded: each pixel of the result is the mean of the pixels that it covers, those at
 * its edges by the share that it covers. So nothing is skipped, and nothing aliases.
 *
 * <p>Rows may come in any order; what the result still needs is kept as sums, a row of the result at a time:
 *
 * <pre>
 *   rows from the top:        at most two rows of sums       4 bytes a sample, plus the result's 1
 *   passes (interlacing):     sums for the whole result      likewise
 * </pre>
 *
 * Colour counts by its alpha. Not thread-safe.
 */
final class AreaAverage {
    private final int width;
    private final int height;
    private final int toWidth;
    private final int toHeight;
    private final Layout layout;
    private final Axis across;
    private final int[] line;
    private final float[] shrunkLine;
    private final float[] @Nullable [] sums;
    private final long[] awaited;
    private final byte[] result;

    /** An average that waits for its first row. */
    AreaAverage(Scaling scaling, Layout layout) {
        this.width = scaling.width();
        this.height = scaling.height();
        this.toWidth = scaling.toWidth();
        this.toHeight = scaling.toHeight();
        this.layout = layout;
        this.across = new Axis(width, toWidth);
        this.line = new int[width * layout.bands];
        this.shrunkLine = new float[toWidth * layout.bands];
        this.sums = new float[toHeight][];
        this.awaited = new long[toHeight];
        this.result = new byte[Math.toIntExact((long) toWidth * toHeight * layout.bands)];
        Axis down = new Axis(height, toHeight);
        for (int row = 0; row < toHeight; row++) {
            awaited[row] = (long) (down.last[row] - down.first[row] + 1) * width;
        }
    }

    /**
     * Takes a whole row.
     *
     * @param y counted from the top
     * @param samples as the layout says
     * @param offset of the row's first one
     */
    void row(int y, byte[] samples, int offset) {
        for (int i = 0; i < line.length; i++) {
            line[i] = samples[offset + i] & 0xff;
        }
        if (layout == Layout.RGBA) {
            for (int i = 0; i < line.length; i += 4) {
                int alpha = line[i + 3];
                line[i] *= alpha;
                line[i + 1] *= alpha;
                line[i + 2] *= alpha;
            }
        }
        for (int band = 0; band < layout.bands; band++) {
            across.means(line, shrunkLine, band, layout.bands);
        }
        long top = (long) y * toHeight;
        int row = (int) (top / height);
        long here = Math.min(toHeight, (row + 1L) * height - top);
        addLine(row, here / (float) height);
        if (here < toHeight) {
            addLine(row + 1, (toHeight - here) / (float) height);
        }
    }

    private void addLine(int row, float share) {
        float[] sum = sumsOf(row);
        for (int i = 0; i < sum.length; i++) {
            sum[i] += share * shrunkLine[i];
        }
        receive(row, width, sum);
    }

    /** Takes one pixel, its samples at {@code offset}; no slower way for passes that fill a picture here and there. */
    void pixel(int x, int y, byte[] samples, int offset) {
        long top = (long) y * toHeight;
        int row = (int) (top / height);
        long here = Math.min(toHeight, (row + 1L) * height - top);
        addPixel(x, row, here / (float) height, samples, offset);
        if (here < toHeight) {
            addPixel(x, row + 1, (toHeight - here) / (float) height, samples, offset);
        }
    }

    private void addPixel(int x, int row, float share, byte[] samples, int offset) {
        float[] sum = sumsOf(row);
        long left = (long) x * toWidth;
        int column = (int) (left / width);
        long here = Math.min(toWidth, (column + 1L) * width - left);
        int alpha = layout == Layout.RGBA ? samples[offset + 3] & 0xff : 1;
        for (int band = 0; band < layout.bands; band++) {
            float value = share * (samples[offset + band] & 0xff) * (band == 3 ? 1 : alpha);
            int to = column * layout.bands + band;
            sum[to] += value * here / width;
            if (here < toWidth) {
                sum[to + layout.bands] += value * (toWidth - here) / width;
            }
        }
        receive(row, 1, sum);
    }

    private float[] sumsOf(int row) {
        float[] sum = sums[row];
        if (sum == null) {
            sum = new float[toWidth * layout.bands];
            sums[row] = sum;
        }
        return sum;
    }

    private void receive(int row, int pixels, float[] sum) {
        awaited[row] -= pixels;
        if (awaited[row] == 0) {
            finish(row, sum);
        }
    }

    private void finish(int row, float[] sum) {
        int start = row * sum.length;
        for (int i = 0; i < sum.length; i++) {
            float value = sum[i];
            if (layout == Layout.RGBA && (i & 3) != 3) {
                float alpha = sum[i | 3];
                value = alpha == 0 ? 0 : value / alpha;
            }
            result[start + i] = (byte) Math.min(255, (int) (value + 0.5f));
        }
        sums[row] = null;
    }

    /** A picture at another size, no larger in either direction. */
    static Pixels shrink(Pixels picture, int toWidth, int toHeight) {
        if (toWidth == picture.width() && toHeight == picture.height()) {
            return picture;
        }
        int rowLength = picture.width() * picture.layout().bands;
        AreaAverage smaller =
                new AreaAverage(new Scaling(picture.width(), picture.height(), toWidth, toHeight), picture.layout());
        for (int y = 0; y < picture.height(); y++) {
            smaller.row(y, picture.samples(), y * rowLength);
        }
        return smaller.result();
    }

    /** The small picture. What never came is black, or transparent where the layout has alpha. */
    Pixels result() {
        for (int row = 0; row < toHeight; row++) {
            float[] sum = sums[row];
            if (sum != null) {
                finish(row, sum);
            }
        }
        return new Pixels(toWidth, toHeight, layout, result);
    }

    /** Which pixels of a longer line each pixel of a shorter one covers, and by how much the first and the last. */
    private static final class Axis {
        private final int[] first;
        private final int[] last;
        private final float[] firstShare;
        private final float[] lastShare;
        private final float share;

        Axis(int from, int to) {
            first = new int[to];
            last = new int[to];
            firstShare = new float[to];
            lastShare = new float[to];
            share = to / (float) from;
            for (int i = 0; i < to; i++) {
                long start = (long) i * from;
                long end = start + from;
                first[i] = (int) (start / to);
                last[i] = (int) ((end - 1) / to);
                boolean isOne = first[i] == last[i];
                firstShare[i] = isOne ? 1 : ((first[i] + 1L) * to - start) / (float) from;
                lastShare[i] = isOne ? 0 : (end - (long) last[i] * to) / (float) from;
            }
        }

        void means(int[] line, float[] shrunk, int band, int bands) {
            for (int i = 0; i < first.length; i++) {
                int from = first[i] * bands + band;
                int to = last[i] * bands + band;
                long inner = 0;
                for (int x = from + bands; x < to; x += bands) {
                    inner += line[x];
                }
                shrunk[i * bands + band] = firstShare[i] * line[from] + share * inner + lastShare[i] * line[to];
            }
        }
    }
}
