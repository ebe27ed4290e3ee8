package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.picture.decode.inprocess.Pixels.Layout;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.picture.format.PictureException.Kind;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.PixelInterleavedSampleModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import javax.imageio.IIOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.spi.ImageReaderSpi;
import org.jspecify.annotations.Nullable;

/**
 * JPEG by Java's own reader, which is libjpeg 6b. It holds some rows in native memory; where a file has more than one
 * scan, {@link JpegScans} holds two bytes a coefficient. CMYK is read too; arithmetic coding and 12 bits are not.
 */
final class JpegReader implements DownscalingReader {
    /** Each costs as much time as a picture. Encoders make some ten. */
    private static final int MOST_SCANS = 64;

    /** What it says when a part of the picture is missing or wrong. */
    private static final Pattern LOSS = Pattern.compile("(?i)premature end|corrupt (?!.*extraneous)");

    /** What it says at files that are whole, and not for it. */
    private static final Pattern UNSUPPORTED = Pattern.compile(
            "(?i)unsupported|not supported|not implemented|legal restrictions|too many color components");

    private final ImageReaderSpi format =
            ImageIO.getImageReadersByFormatName("jpeg").next().getOriginatingProvider();

    @Override
    public DownscaledPicture read(Path file, Scaling scaling, Deadline deadline) throws IOException {
        JpegMarkers jpeg = JpegMarkers.of(file, deadline);
        if (jpeg.passes() > MOST_SCANS) {
            throw new PictureException(
                    Kind.UNSUPPORTED,
                    "This kind of JPEG is not supported: " + jpeg.passes() + " scans (expected: at most " + MOST_SCANS
                            + ")",
                    null);
        }
        try (JpegSource source =
                        jpeg.passes() == 1 ? JpegSource.of(file, jpeg) : JpegScans.of(file, jpeg, scaling, deadline);
                ReaderInput input = new ReaderInput(source, deadline)) {
            ImageReader reader = format.createReaderInstance();
            try {
                reader.setInput(input, false, true);
                return new DownscaledPicture(whole(reader, scaling, deadline), jpeg.profile());
            } catch (PictureException | DecoderException known) {
                throw known;
            } catch (IOException | RuntimeException complaint) {
                // It throws all sorts of exceptions at damaged files.
                IOException disk = input.failure();
                if (disk != null) {
                    throw disk;
                }
                throw refusal(complaint);
            } finally {
                reader.dispose();
            }
        }
    }

    private static PictureException refusal(Exception complaint) {
        String text = String.valueOf(complaint.getMessage());
        if (UNSUPPORTED.matcher(text).find()) {
            return new PictureException(Kind.UNSUPPORTED, "This kind of JPEG is not supported: " + text, complaint);
        }
        return PictureException.damaged("image", "it cannot be decoded", complaint);
    }

    private static Pixels whole(ImageReader reader, Scaling scaling, Deadline deadline) throws IOException {
        // A JPEG that breaks off is a warning to the reader; so are odd profiles and stray bytes, which harm nobody.
        AtomicReference<@Nullable String> loss = new AtomicReference<>();
        reader.addIIOReadWarningListener((source, text) -> {
            if (LOSS.matcher(text).find()) {
                loss.compareAndSet(null, text);
            }
        });
        Pixels pixels = pixels(reader, scaling, deadline);
        String complaint = loss.get();
        if (complaint != null) {
            throw PictureException.damaged("image", complaint);
        }
        return pixels;
    }

    private static Pixels pixels(ImageReader reader, Scaling scaling, Deadline deadline) throws IOException {
        scaling.check(reader.getWidth(0), reader.getHeight(0));
        Iterator<ImageTypeSpecifier> types = reader.getImageTypes(0);
        if (!types.hasNext()) {
            throw new IIOException("Unsupported color space");
        }
        ImageTypeSpecifier type = types.next();
        int bands = type.getNumBands();
        AreaAverage smaller = new AreaAverage(scaling, layout(bands));
        int[] inOrder = IntStream.range(0, bands).toArray();
        RowRaster destination = new RowRaster(
                new PixelInterleavedSampleModel(
                        DataBuffer.TYPE_BYTE,
                        scaling.width(),
                        scaling.height(),
                        bands,
                        scaling.width() * bands,
                        inOrder),
                (y, row) -> {
                    deadline.check();
                    smaller.row(y, ((DataBufferByte) row.getDataBuffer()).getData(), 0);
                });
        ImageReadParam param = reader.getDefaultReadParam();
        param.setDestination(new BufferedImage(type.getColorModel(), destination, false, null));
        // Bands that are named keep the reader from converting colours, which costs less once the picture is small.
        param.setSourceBands(inOrder);
        reader.read(0, param);
        return smaller.result();
    }

    private static Layout layout(int bands) {
        return switch (bands) {
            case 1 -> Layout.GRAY;
            case 4 -> Layout.CMYK;
            default -> Layout.RGB;
        };
    }
}
