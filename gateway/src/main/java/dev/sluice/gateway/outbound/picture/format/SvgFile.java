package dev.sluice.gateway.outbound.picture.format;

import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.imagetype.SvgRoot;
import dev.sluice.gateway.outbound.picture.format.PictureHeader.Coding;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.Charset;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How large an SVG document wants to be (SVG 2 sections 8.2 and 8.12), by the attributes of its root element.
 *
 * <pre>
 *   width and height, in pixels of CSS: 96 to the inch      else
 *   width or height, and the viewBox's aspect ratio         else
 *   the viewBox's own size                                  else
 *   300 x 150, each where it is not told
 * </pre>
 *
 * <p>Browsers agree on the first two and have no size of their own for the third, only the aspect ratio: Chromium fits
 * that into 300 x 150. librsvg, and whatever draws with it, takes the viewBox, and so does this. The last is what CSS
 * 2.2 section 10.3.2 and browsers say; librsvg then draws all that there is, as large as that is, so that thumbnails of
 * such a document have another ratio. Style sheets are not looked at, as in browsers.
 *
 * <p>The document must end with its root element, and be well-formed for whoever draws it: here only its beginning and
 * its end are read.
 */
final class SvgFile {
    static final ImageType TYPE = new ImageType("image/svg+xml", "svg");

    private static final String NAME = "SVG";
    private static final int DEFAULT_WIDTH = 300;
    private static final int DEFAULT_HEIGHT = 150;
    private static final int TAIL = 65_536;

    private static final Pattern LENGTH = Pattern.compile(
            "\\s*([+-]?(?:\\d{1,20}(?:\\.\\d{0,20})?|\\.\\d{1,20})(?:[eE][+-]?\\d{1,3})?)([a-zA-Z]*)\\s*");

    /** Pixels of CSS in each unit; those of fonts as browsers have them without a style sheet. */
    private static final Map<String, Double> UNITS = Map.ofEntries(
            Map.entry("", 1.0),
            Map.entry("px", 1.0),
            Map.entry("in", 96.0),
            Map.entry("cm", 96 / 2.54),
            Map.entry("mm", 96 / 25.4),
            Map.entry("q", 96 / 101.6),
            Map.entry("pt", 96 / 72.0),
            Map.entry("pc", 16.0),
            Map.entry("em", 16.0),
            Map.entry("rem", 16.0),
            Map.entry("ex", 8.0));

    private SvgFile() {}

    /** @param start the first bytes, up to {@link SvgRoot#START} */
    static PictureHeader read(FileChannel file, byte[] start, SvgRoot root, PixelLimit limit) throws IOException {
        FileBytes bytes = new FileBytes(file, NAME);
        if (!root.isEmpty() && !endsWith(root.name(), tail(bytes, SvgRoot.mark(start)))) {
            throw PictureException.damaged(NAME, "it ends before its root element does");
        }
        double[] box = viewBox(root.viewBox());
        Double width = length(root.width());
        Double height = length(root.height());
        double ratio = box.length == 0 ? 0 : box[0] / box[1];
        if (width == null) {
            width = box.length == 0 ? DEFAULT_WIDTH : height == null ? box[0] : height * ratio;
        }
        if (height == null) {
            height = box.length == 0 ? DEFAULT_HEIGHT : width / ratio;
        }
        long pixels = limit.check(NAME, Math.round(width), Math.round(height));
        return new PictureHeader(
                TYPE, (int) Math.round(width), (int) Math.round(height), pixels, 1, Exif.UPRIGHT, Coding.WHOLE, true);
    }

    /** In pixels; null when there is none that tells, as of a share of what it is shown in. */
    private static @Nullable Double length(@Nullable String said) {
        Matcher length = LENGTH.matcher(said == null ? "" : said);
        Double unit = length.matches() ? UNITS.get(length.group(2).toLowerCase(Locale.ROOT)) : null;
        return unit == null ? null : Double.valueOf(Double.parseDouble(length.group(1)) * unit);
    }

    /** Width and height; nothing when there is none, or no area. */
    private static double[] viewBox(@Nullable String said) {
        String[] numbers = said == null ? new String[0] : said.strip().split("\\s*,\\s*|\\s+", 5);
        double[] size = new double[2];
        for (int i = 0; i < numbers.length; i++) {
            Matcher number = LENGTH.matcher(numbers[i]);
            if (!number.matches() || !number.group(2).isEmpty()) {
                return new double[0];
            }
            if (i > 1 && i < 4) {
                size[i - 2] = Double.parseDouble(number.group(1));
            }
        }
        return numbers.length == 4 && size[0] > 0 && size[1] > 0 ? size : new double[0];
    }

    private static String tail(FileBytes bytes, @Nullable Charset mark) throws IOException {
        long from = Math.max(0, bytes.length() - TAIL);
        // UTF-16 has two bytes a character, counted from the start.
        return SvgRoot.text(bytes.seek(from + from % 2).bytes(bytes.remaining()), mark);
    }

    /** Whether the last element that ends is {@code name}, with nothing but comments and instructions behind it. */
    private static boolean endsWith(String name, String tail) {
        String rest = tail.stripTrailing();
        while (rest.endsWith("-->") || rest.endsWith("?>")) {
            int from = rest.lastIndexOf(rest.endsWith("-->") ? "<!--" : "<?");
            rest = rest.substring(0, Math.max(0, from)).stripTrailing();
        }
        int from = rest.lastIndexOf("</");
        return from >= 0
                && rest.endsWith(">")
                && rest.substring(from + 2, rest.length() - 1).strip().equals(name);
    }
}
