package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.picture.decode.inprocess.Pixels.Layout;
import java.awt.color.ColorSpace;
import java.awt.color.ICC_ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.ColorConvertOp;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import org.jspecify.annotations.Nullable;

/** Colours as browsers show them without being told: sRGB. */
final class SrgbColors {
    /** Bytes of a profile that is looked at. Those of cameras have some KB, those of printers up to 2 MB. */
    static final int MAX_PROFILE = 4 << 20;

    private SrgbColors() {}

    /** The same picture in sRGB, RGB or RGBA. A profile that is broken or belongs to other colours counts as none. */
    static Pixels of(DownscaledPicture picture) {
        byte[] profile = picture.profile();
        Pixels pixels = picture.pixels();
        Pixels converted = profile == null ? null : converted(pixels, profile);
        return converted != null ? converted : withoutProfile(pixels);
    }

    private static @Nullable Pixels converted(Pixels pixels, byte[] profile) {
        try {
            ICC_Profile from = ICC_Profile.getInstance(profile);
            int bands = pixels.layout() == Layout.RGBA ? 3 : pixels.layout().bands;
            if (from.getNumComponents() != bands) {
                return null;
            }
            ColorConvertOp conversion =
                    new ColorConvertOp(new ICC_ColorSpace(from), ColorSpace.getInstance(ColorSpace.CS_sRGB), null);
            return converted(pixels, bands, conversion);
        } catch (RuntimeException broken) {
            // Java's own exceptions for this have no type in common.
            return null;
        }
    }

    private static Pixels converted(Pixels pixels, int bands, ColorConvertOp conversion) {
        Layout layout = pixels.layout() == Layout.RGBA ? Layout.RGBA : Layout.RGB;
        int width = pixels.width();
        byte[] samples = new byte[width * pixels.height() * layout.bands];
        WritableRaster from = Raster.createInterleavedRaster(
                new DataBufferByte(pixels.samples(), pixels.samples().length),
                width,
                pixels.height(),
                width * pixels.layout().bands,
                pixels.layout().bands,
                first(bands),
                null);
        WritableRaster to = Raster.createInterleavedRaster(
                new DataBufferByte(samples, samples.length),
                width,
                pixels.height(),
                width * layout.bands,
                layout.bands,
                first(3),
                null);
        conversion.filter(from, to);
        if (layout == Layout.RGBA) {
            for (int alpha = 3; alpha < samples.length; alpha += 4) {
                samples[alpha] = pixels.samples()[alpha];
            }
        }
        return new Pixels(width, pixels.height(), layout, samples);
    }

    private static int[] first(int bands) {
        return switch (bands) {
            case 1 -> new int[] {0};
            case 3 -> new int[] {0, 1, 2};
            default -> new int[] {0, 1, 2, 3};
        };
    }

    private static Pixels withoutProfile(Pixels pixels) {
        if (pixels.layout() == Layout.RGB || pixels.layout() == Layout.RGBA) {
            return pixels;
        }
        byte[] from = pixels.samples();
        byte[] rgb = new byte[pixels.width() * pixels.height() * 3];
        for (int to = 0, i = 0; to < rgb.length; to += 3, i += pixels.layout().bands) {
            for (int band = 0; band < 3; band++) {
                rgb[to + band] = pixels.layout() == Layout.GRAY ? from[i] : withoutInk(from[i + band], from[i + 3]);
            }
        }
        return new Pixels(pixels.width(), pixels.height(), Layout.RGB, rgb);
    }

    private static byte withoutInk(byte ink, byte black) {
        return (byte) ((255 - (ink & 0xff)) * (255 - (black & 0xff)) / 255);
    }
}
