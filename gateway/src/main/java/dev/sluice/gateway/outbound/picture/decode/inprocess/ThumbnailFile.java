package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.contract.http.StrongTag;
import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.picture.decode.Thumbnail;
import dev.sluice.gateway.outbound.picture.decode.inprocess.Pixels.Layout;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.plugins.jpeg.JPEGImageWriteParam;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.jspecify.annotations.Nullable;

/** Writes thumbnails: WebP, or JPEG where that is smaller and nothing is transparent. */
final class ThumbnailFile {
    private static final ImageType WEBP = new ImageType("image/webp", "webp");
    private static final ImageType JPEG = new ImageType("image/jpeg", "jpg");

    // Of about the same looks.
    private static final float WEBP_QUALITY = 75;
    private static final float JPEG_QUALITY = 0.8f;

    private final @Nullable LibWebp webp;

    /** @param webp null where there is none: then all are JPEG, transparent ones on white */
    ThumbnailFile(@Nullable LibWebp webp) {
        this.webp = webp;
    }

    /** Writes a picture in RGB or RGBA into a new file in {@code directory}, named by its width. */
    Thumbnail write(Pixels picture, Path directory) throws IOException {
        byte[] best = webp == null ? null : webp.encode(picture, WEBP_QUALITY);
        ImageType type = WEBP;
        if (best == null || picture.layout() == Layout.RGB) {
            byte[] jpeg = jpeg(picture);
            if (best == null || jpeg.length < best.length) {
                best = jpeg;
                type = JPEG;
            }
        }
        Path file = Files.write(directory.resolve(picture.width() + "." + type.extension()), best);
        String etag = StrongTag.of(StrongTag.digest().digest(best));
        return new Thumbnail(file, type, picture.width(), picture.height(), best.length, etag);
    }

    private static byte[] jpeg(Pixels picture) throws IOException {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (ImageOutputStream output = new MemoryCacheImageOutputStream(file)) {
            writer.setOutput(output);
            JPEGImageWriteParam param = (JPEGImageWriteParam) writer.getDefaultWriteParam();
            param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            param.setCompressionQuality(JPEG_QUALITY);
            param.setOptimizeHuffmanTables(true);
            writer.write(null, new IIOImage(opaque(picture), null, null), param);
        } finally {
            writer.dispose();
        }
        return file.toByteArray();
    }

    private static BufferedImage opaque(Pixels picture) {
        if (picture.layout() == Layout.RGB) {
            return picture.image();
        }
        BufferedImage onWhite = new BufferedImage(picture.width(), picture.height(), BufferedImage.TYPE_INT_RGB);
        Graphics2D canvas = onWhite.createGraphics();
        try {
            canvas.drawImage(picture.image(), 0, 0, Color.WHITE, null);
        } finally {
            canvas.dispose();
        }
        return onWhite;
    }
}
