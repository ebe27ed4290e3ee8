package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.picture.decode.inprocess.Pixels.Layout;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import org.jspecify.annotations.Nullable;

/** How a PNG codes a pixel (W3C PNG, sections 11.2.1, 11.2.2 and 11.3.1.1), and what that is in eight bits a sample. */
final class PngPixel {
    private static final int GRAY = 0;
    private static final int RGB = 2;
    private static final int INDEX = 3;
    private static final int GRAY_ALPHA = 4;
    private static final int RGBA = 6;

    private final int depth;
    private final int colourType;
    private final int channels;
    private byte @Nullable [] palette;
    private byte @Nullable [] transparency;

    /** @param depth bits of a sample */
    PngPixel(int depth, int colourType) {
        this.depth = depth;
        this.colourType = colourType;
        this.channels = switch (colourType) {
            case GRAY, INDEX -> 1;
            case GRAY_ALPHA -> 2;
            case RGB -> 3;
            case RGBA -> 4;
            default -> 0;
        };
        boolean isDepth = depth == 8
                || (depth == 16 && colourType != INDEX)
                || ((depth == 1 || depth == 2 || depth == 4) && channels == 1);
        if (channels == 0 || !isDepth) {
            throw PictureException.damaged("image", "color type " + colourType + " has no depth " + depth, null);
        }
    }

    void palette(byte @Nullable [] colours) {
        palette = colours;
    }

    /** @param values of {@code tRNS}; null if there are none */
    void transparency(byte @Nullable [] values) {
        transparency = values == null || values.length >= (colourType == INDEX ? 1 : channels * 2) ? values : null;
    }

    void checkPalette() {
        if (colourType == INDEX && palette == null) {
            throw PictureException.damaged("image", "it has no palette", null);
        }
    }

    Layout layout() {
        boolean hasAlpha = transparency != null || colourType == GRAY_ALPHA || colourType == RGBA;
        if (hasAlpha) {
            return Layout.RGBA;
        }
        return colourType == GRAY ? Layout.GRAY : Layout.RGB;
    }

    /** Bytes of a row of so many pixels, without its filter's. */
    int rowBytes(int pixels) {
        return Math.toIntExact(((long) pixels * channels * depth + 7) / 8);
    }

    /** Bytes to the left neighbour that filters look at. */
    int filterDistance() {
        return Math.max(1, channels * depth / 8);
    }

    /** Turns a row's bytes, from {@code start} on, into samples of {@link #layout}. */
    void unpack(byte[] row, int start, int pixels, byte[] samples) {
        boolean isAsItIs = depth == 8 && transparency == null && colourType != INDEX && colourType != GRAY_ALPHA;
        if (isAsItIs) {
            System.arraycopy(row, start, samples, 0, pixels * channels);
        } else if (colourType == INDEX) {
            unpackIndices(row, start, pixels, samples);
        } else {
            unpackSamples(row, start, pixels, samples);
        }
    }

    private void unpackIndices(byte[] row, int start, int pixels, byte[] samples) {
        byte[] colours = palette == null ? new byte[0] : palette;
        byte[] alphas = transparency;
        for (int x = 0, to = 0; x < pixels; x++) {
            int index = sample(row, start, x);
            boolean isColour = index * 3 + 2 < colours.length;
            for (int band = 0; band < 3; band++) {
                samples[to++] = isColour ? colours[index * 3 + band] : 0;
            }
            if (alphas != null) {
                samples[to++] = index < alphas.length ? alphas[index] : (byte) 255;
            }
        }
    }

    private void unpackSamples(byte[] row, int start, int pixels, byte[] samples) {
        int colours = colourType == RGB || colourType == RGBA ? 3 : 1;
        int bands = layout().bands;
        boolean hasAlphaChannel = channels > colours;
        for (int x = 0, to = 0; x < pixels; x++) {
            int from = x * channels;
            for (int band = 0; band < Math.min(3, bands); band++) {
                samples[to++] = eightBits(sample(row, start, from + (colours == 3 ? band : 0)));
            }
            if (bands == 4) {
                samples[to++] = hasAlphaChannel
                        ? eightBits(sample(row, start, from + colours))
                        : (byte) (isTransparent(row, start, from) ? 0 : 255);
            }
        }
    }

    private boolean isTransparent(byte[] row, int start, int from) {
        byte[] values = transparency;
        if (values == null) {
            return false;
        }
        for (int channel = 0; channel < channels; channel++) {
            int value = ((values[channel * 2] & 0xff) << 8) | (values[channel * 2 + 1] & 0xff);
            // Of a sample with fewer bits the least significant ones count.
            if (sample(row, start, from + channel) != (value & ((1 << depth) - 1))) {
                return false;
            }
        }
        return true;
    }

    private byte eightBits(int sample) {
        return (byte) (depth == 16 ? sample >> 8 : sample * 255 / ((1 << depth) - 1));
    }

    /** The sample of this number in a row. */
    private int sample(byte[] row, int start, int number) {
        if (depth == 8) {
            return row[start + number] & 0xff;
        }
        if (depth == 16) {
            return ((row[start + number * 2] & 0xff) << 8) | (row[start + number * 2 + 1] & 0xff);
        }
        int bit = number * depth;
        return (row[start + (bit >> 3)] >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
    }
}
