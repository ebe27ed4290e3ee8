package dev.sluice.gateway.outbound.picture;

import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
import dev.sluice.gateway.outbound.fetch.ImageType;
import dev.sluice.gateway.outbound.fetch.ImageTypes;
import dev.sluice.gateway.outbound.picture.PictureException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.spi.ImageReaderSpi;
import javax.imageio.stream.FileImageInputStream;
import javax.imageio.stream.ImageInputStream;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Decodes image files to see whether they can be. Format and pixels are read from the header first, so that a small
 * file that would unfold into gigabytes is refused before anything is decoded.
 *
 * <p>Every pixel is decoded and few are kept: the raster that is built holds {@link #KEPT_PIXELS} at most, however
 * large the image. What a decoder needs by itself is its own affair (a progressive JPEG some six bytes a pixel), so
 * only as many files are decoded at once as the scheduler has threads.
 */
public final class PictureCheck {
    private static final int KEPT_PIXELS = 1_000_000;
    private static final int START = 128;

    /** What decoders say when a part of the picture is missing. */
    private static final Pattern LOSS = Pattern.compile("(?i)premature end|corrupt (?!.*extraneous)");

    /** Formats that are decoded, by media type. */
    private static final Map<String, ImageReaderSpi> READERS = Map.of(
            "image/png", builtIn("png"),
            "image/jpeg", builtIn("jpeg"),
            "image/gif", builtIn("gif"),
            "image/webp", new WebPImageReaderSpi());

    private final long maxPixels;
    private final Scheduler workers;
    private final ImageTypes types = new ImageTypes();

    /**
     * @param maxPixels most pixels, width times height
     * @param workers blocking threads, few of them, with a bounded queue
     */
    public PictureCheck(long maxPixels, Scheduler workers) {
        this.maxPixels = maxPixels;
        this.workers = workers;
    }

    /**
     * Checks a file that nobody changes meanwhile.
     *
     * <p>Fails with {@link PictureException}, or with {@link UncheckedIOException} when the file cannot be read.
     */
    public Mono<Picture> check(Path file) {
        return Mono.fromCallable(() -> decoded(file)).subscribeOn(workers);
    }

    private Picture decoded(Path file) {
        ImageType type = type(file);
        ImageReaderSpi format = READERS.get(type.mediaType());
        if (format == null) {
            throw new PictureException(
                    Kind.UNSUPPORTED, type.mediaType() + " (expected: PNG, JPEG, GIF or WebP)", null);
        }
        try (ImageInputStream bytes = new FileImageInputStream(file.toFile())) {
            ImageReader reader = format.createReaderInstance();
            try {
                reader.setInput(bytes, true, true);
                return decoded(reader, type);
            } finally {
                reader.dispose();
            }
        } catch (IOException | RuntimeException damaged) {
            // Decoders throw all sorts of exceptions at damaged files.
            throw damaged instanceof PictureException known
                    ? known
                    : new PictureException(Kind.DAMAGED, "The image cannot be decoded", damaged);
        }
    }

    private ImageType type(Path file) {
        byte[] start;
        try (InputStream bytes = Files.newInputStream(file)) {
            start = bytes.readNBytes(START);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        ImageType type = types.raster(start);
        if (type == null) {
            throw new PictureException(Kind.NOT_AN_IMAGE, "The bytes are not those of an image", null);
        }
        return type;
    }

    private Picture decoded(ImageReader reader, ImageType type) throws IOException {
        int width = reader.getWidth(0);
        int height = reader.getHeight(0);
        long pixels = (long) width * height;
        if (pixels > maxPixels) {
            throw new PictureException(
                    Kind.TOO_MANY_PIXELS,
                    width + " x " + height + " pixels (expected: at most " + maxPixels + ")",
                    null);
        }
        // A JPEG that breaks off is a warning to its decoder; so are odd profiles and stray bytes, which harm nobody.
        AtomicReference<@Nullable String> warning = new AtomicReference<>();
        reader.addIIOReadWarningListener((source, text) -> {
            if (LOSS.matcher(text).find()) {
                warning.compareAndSet(null, text);
            }
        });
        int step = (int) Math.ceil(Math.sqrt((double) pixels / KEPT_PIXELS));
        ImageReadParam few = reader.getDefaultReadParam();
        few.setSourceSubsampling(Math.max(1, step), Math.max(1, step), 0, 0);
        reader.read(0, few);
        String complaint = warning.get();
        if (complaint != null) {
            throw new PictureException(Kind.DAMAGED, "The image cannot be decoded: " + complaint, null);
        }
        return new Picture(type, width, height);
    }

    private static ImageReaderSpi builtIn(String format) {
        Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format);
        return readers.next().getOriginatingProvider();
    }
}
