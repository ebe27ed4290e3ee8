package dev.sluice.gateway.outbound.picture.decode.vips;

import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
import dev.sluice.gateway.contract.http.StrongTag;
import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.picture.decode.BlurHashEncoder;
import dev.sluice.gateway.outbound.picture.decode.Thumbnail;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import org.jspecify.annotations.Nullable;

/** Makes thumbnails and a placeholder of a pyramid whose tiles are WebP files. */
final class VipsThumbnails {
    private static final ImageType WEBP = new ImageType("image/webp", "webp");
    private static final ImageType JPEG = new ImageType("image/jpeg", "jpg");

    /** Beyond this many bits a pixel, and this many bytes of tables, a JPEG can be the smaller file: noise. */
    private static final double NOISY_BITS = 1.5;

    private static final int TABLES = 4096;

    private final VipsPyramid pyramid;

    VipsThumbnails(VipsPyramid pyramid) {
        this.pyramid = pyramid;
    }

    /** The largest tile. */
    StrippedWebp largest() throws IOException {
        return tile(0);
    }

    private StrippedWebp tile(int level) throws IOException {
        return StrippedWebp.of(Files.readAllBytes(pyramid.tile(level)));
    }

    /** Whether it is worth while to try if JPEG makes smaller files of it. JPEG knows no transparency. */
    static boolean isNoisy(StrippedWebp largest) {
        double limit = (double) largest.width() * largest.height() * NOISY_BITS / Byte.SIZE + TABLES;
        return !largest.hasAlpha() && largest.bytes().length > limit;
    }

    /**
     * A thumbnail for each width, left in {@code directory}.
     *
     * @param widths each the largest's, halved some times
     * @param jpegs the same pyramid with JPEG files as tiles, which are taken where they are smaller; null if there is
     *     none
     * @throws IOException if there is no tile of a width
     */
    List<Thumbnail> make(List<Integer> widths, @Nullable VipsPyramid jpegs, Path directory) throws IOException {
        List<Thumbnail> made = new ArrayList<>();
        for (int width : widths) {
            int level = level(width);
            StrippedWebp tile = tile(level);
            byte[] bytes = tile.bytes();
            ImageType type = WEBP;
            if (jpegs != null) {
                byte[] jpeg = Files.readAllBytes(jpegs.tile(level));
                if (jpeg.length > 0 && jpeg.length < bytes.length) {
                    bytes = jpeg;
                    type = JPEG;
                }
            }
            Path file = Files.write(directory.resolve(width + "." + type.extension()), bytes);
            String etag = StrongTag.of(StrongTag.digest().digest(bytes));
            made.add(new Thumbnail(file, type, tile.width(), tile.height(), bytes.length, etag));
        }
        return made;
    }

    private int level(int width) throws IOException {
        for (int level = 0; level < pyramid.levels(); level++) {
            int found = tile(level).width();
            if (found <= width) {
                if (found == width) {
                    return level;
                }
                break;
            }
        }
        throw new IOException("no tile is " + width + " pixels wide");
    }

    /** Made of the largest tile that is small enough; null if that cannot be read. */
    @Nullable String placeholder() throws IOException {
        for (int level = 0; level < pyramid.levels(); level++) {
            StrippedWebp tile = tile(level);
            if (Math.max(tile.width(), tile.height()) <= BlurHashEncoder.SIDE) {
                return placeholder(tile);
            }
        }
        return null;
    }

    private static @Nullable String placeholder(StrippedWebp tile) throws IOException {
        ImageReader reader = new WebPImageReaderSpi().createReaderInstance();
        try (ImageInputStream bytes = ImageIO.createImageInputStream(new ByteArrayInputStream(tile.bytes()))) {
            reader.setInput(bytes);
            return BlurHashEncoder.of(reader.read(0));
        } finally {
            reader.dispose();
        }
    }
}
