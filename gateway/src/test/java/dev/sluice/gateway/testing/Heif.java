package dev.sluice.gateway.testing;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** HEIF files as far as their boxes go; what they say is the image is noise. */
public final class Heif {
    private static final int CODED = 500;

    private Heif() {}

    /** A file of these brands, the first the major one, whose primary item is of this size. */
    public static byte[] file(int width, int height, String... brands) {
        byte[] properties = box("ipco", size(width, height));
        return file(properties, brands);
    }

    /** A file with these properties, of which the primary item has all. */
    public static byte[] file(byte[] ipco, String... brands) {
        int count = 0;
        for (int at = 8; at < ipco.length; count++) {
            at += (ipco[at] & 0xff) << 24 | (ipco[at + 1] & 0xff) << 16 | (ipco[at + 2] & 0xff) << 8 | ipco[at + 3];
        }
        byte[] indexes = new byte[count];
        for (int i = 0; i < count; i++) {
            indexes[i] = (byte) (0x80 | i + 1);
        }
        byte[] ipma = box("ipma", ints(0, 1), new byte[] {0, 1, (byte) count}, indexes);
        byte[] pitm = box("pitm", ints(0), new byte[] {0, 1});
        byte[] infe = box("infe", ints(2 << 24), new byte[] {0, 1, 0, 0}, ascii("hvc1"), new byte[1]);
        byte[] iinf = box("iinf", ints(0), new byte[] {0, 1}, infe);
        byte[] ftyp = ftyp(brands);
        byte[] meta = new byte[0];
        for (int pass = 0; pass < 2; pass++) {
            // Its own length decides where the image is.
            int offset = ftyp.length + meta.length + 8;
            byte[] iloc = box("iloc", ints(0), new byte[] {0x44, 0, 0, 1, 0, 1, 0, 0, 0, 1}, ints(offset, CODED));
            meta = box("meta", ints(0), pitm, iloc, iinf, box("iprp", ipco, ipma));
        }
        return join(ftyp, meta, box("mdat", new byte[CODED]));
    }

    /** The box that names the brands. */
    public static byte[] ftyp(String... brands) {
        byte[] compatible = new byte[0];
        for (String brand : brands) {
            compatible = join(compatible, ascii(brand));
        }
        return box("ftyp", ascii(brands[0]), ints(0), compatible);
    }

    /** A property: width and height. */
    public static byte[] size(int width, int height) {
        return box("ispe", ints(0, width, height));
    }

    /** A box of what is given. */
    public static byte[] box(String type, byte[]... content) {
        byte[] all = join(content);
        return join(ints(all.length + 8), ascii(type), all);
    }

    /** Numbers of 32 bits. */
    public static byte[] ints(int... numbers) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            for (int number : numbers) {
                out.writeInt(number);
            }
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return bytes.toByteArray();
    }

    /** One after the other. */
    public static byte[] join(byte[]... parts) {
        byte[] all = new byte[Arrays.stream(parts).mapToInt(part -> part.length).sum()];
        int at = 0;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
