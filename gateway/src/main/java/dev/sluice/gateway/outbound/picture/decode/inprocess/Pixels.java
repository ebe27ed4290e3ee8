package dev.sluice.gateway.outbound.picture.decode.inprocess;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;

/**
 * A small picture in memory.
 *
 * @param width in pixels
 * @param height in pixels
 * @param layout what the samples are
 * @param samples a byte each, unsigned: pixel by pixel, row by row, from the top left; this record's own
 */
@SuppressWarnings("ArrayRecordComponent") // no two are compared
record Pixels(int width, int height, Layout layout, byte[] samples) {

    /** Which samples a pixel has, in this order. */
    enum Layout {
        GRAY(1),
        RGB(3),
        /** Colour is not multiplied by alpha. */
        RGBA(4),
        /** 0 is no ink. */
        CMYK(4);

        final int bands;

        Layout(int bands) {
            this.bands = bands;
        }
    }

    /**
     * The picture as people see it.
     *
     * @param orientation of Exif, 1 to 8, which says where the first row and the first column are (Exif 2.32, tag 274)
     */
    Pixels upright(int orientation) {
        if (orientation <= 1 || orientation > 8) {
            return this;
        }
        boolean transposed = orientation >= 5;
        boolean fromRight = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
        boolean fromBottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
        int uprightWidth = transposed ? height : width;
        int uprightHeight = transposed ? width : height;
        byte[] turned = new byte[samples.length];
        int to = 0;
        for (int y = 0; y < uprightHeight; y++) {
            for (int x = 0; x < uprightWidth; x++) {
                int column = transposed ? y : x;
                int row = transposed ? x : y;
                column = fromRight ? width - 1 - column : column;
                row = fromBottom ? height - 1 - row : row;
                System.arraycopy(samples, (row * width + column) * layout.bands, turned, to, layout.bands);
                to += layout.bands;
            }
        }
        return new Pixels(uprightWidth, uprightHeight, layout, turned);
    }

    /** A larger, transparent picture of which this one is a part; what of it lies outside is cut. */
    Pixels placed(int left, int top, int canvasWidth, int canvasHeight) {
        byte[] canvas = new byte[canvasWidth * canvasHeight * 4];
        for (int y = 0; y < Math.min(height, canvasHeight - top); y++) {
            int from = y * width * layout.bands;
            int to = ((top + y) * canvasWidth + left) * 4;
            for (int x = 0; x < Math.min(width, canvasWidth - left); x++) {
                canvas[to + 3] = (byte) 255;
                System.arraycopy(samples, from, canvas, to, layout.bands);
                from += layout.bands;
                to += 4;
            }
        }
        return new Pixels(canvasWidth, canvasHeight, Layout.RGBA, canvas);
    }

    /** The same picture in RGB if nothing of it is transparent. */
    Pixels withoutNeedlessAlpha() {
        if (layout != Layout.RGBA) {
            return this;
        }
        for (int alpha = 3; alpha < samples.length; alpha += 4) {
            if (samples[alpha] != (byte) 255) {
                return this;
            }
        }
        byte[] opaque = new byte[width * height * 3];
        for (int pixel = 0; pixel < width * height; pixel++) {
            System.arraycopy(samples, pixel * 4, opaque, pixel * 3, 3);
        }
        return new Pixels(width, height, Layout.RGB, opaque);
    }

    /** A view of a picture in RGB or RGBA, for Java's own classes. */
    BufferedImage image() {
        int[] offsets = layout == Layout.RGBA ? new int[] {0, 1, 2, 3} : new int[] {0, 1, 2};
        WritableRaster raster = Raster.createInterleavedRaster(
                new DataBufferByte(samples, samples.length),
                width,
                height,
                width * layout.bands,
                layout.bands,
                offsets,
                null);
        boolean hasAlpha = layout == Layout.RGBA;
        ComponentColorModel model = new ComponentColorModel(
                ColorSpace.getInstance(ColorSpace.CS_sRGB),
                hasAlpha,
                false,
                hasAlpha ? ComponentColorModel.TRANSLUCENT : ComponentColorModel.OPAQUE,
                DataBuffer.TYPE_BYTE);
        return new BufferedImage(model, raster, false, null);
    }
}
