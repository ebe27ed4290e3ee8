package dev.sluice.gateway.outbound.picture;

import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
import dev.sluice.gateway.outbound.fetch.ImageType;
import dev.sluice.gateway.outbound.fetch.ImageTypes;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.picture.format.PictureException.Kind;
import dev.sluice.gateway.outbound.picture.format.PictureFormats;
import dev.sluice.gateway.outbound.picture.format.PictureHeader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
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
 * Decodes image files to see whether they can be, where there is a decoder. Format and pixels are read from the header
 * first, so that a small file that would unfold into gigabytes is refused before anything is decoded.
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

    /** Those formats. */
    static final Set<ImageType> TYPES = Set.of(
            new ImageType("image/png", "png"),
            new ImageType("image/jpeg", "jpg"),
            new ImageType("image/gif", "gif"),
            new ImageType("image/webp", "webp"));

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
        return Mono.fromCallable(() -> decoded(file, type(file))).subscribeOn(workers);
    }

    /**
     * Checks a file that nobody changes meanwhile and that must be of one format, by its magic bytes. There is no
     * decoder for {@code image/heic} and {@code image/heif}: those are measured by what their boxes say.
     *
     * <p>Fails with {@link PictureException}, or with {@link UncheckedIOException} when the file cannot be read.
     *
     * @param mediaType {@code image/jpeg}, {@code image/png}, {@code image/gif}, {@code image/webp}, {@code image/heic}
     *     or {@code image/heif}
     */
    public Mono<Picture> checkIs(String mediaType, Path file) {
        return Mono.fromCallable(() -> checked(mediaType, file)).subscribeOn(workers);
    }

    private Picture checked(String mediaType, Path file) {
        if (mediaType.equals("image/heic") || mediaType.equals("image/heif")) {
            try {
                PictureHeader header = PictureFormats.readAs(mediaType, file, maxPixels);
                return new Picture(header.type(), header.width(), header.height());
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }
        ImageType type = type(file);
        if (!type.mediaType().equals(mediaType)) {
            throw new PictureException(
                    Kind.OTHER_TYPE,
                    "The bytes are those of " + type.mediaType() + " (expected: " + mediaType + ")",
                    null);
        }
        return decoded(file, type);
    }

    private Picture decoded(Path file, ImageType type) {
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

    private static byte[] start(Path file) {
        try (InputStream bytes = Files.newInputStream(file)) {
            return bytes.readNBytes(START);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private ImageType type(Path file) {
        ImageType type = types.raster(start(file));
        if (type == null) {
            throw new PictureException(Kind.NOT_AN_IMAGE, "The bytes are not those of an image", null);
        }
        return type;
    }

    private Picture decoded(ImageReader reader, ImageType type) throws IOException {
        int width = reader.getWidth(0);
        int height = reader.getHeight(0);
        checkPixels(width, height, maxPixels);
        long pixels = (long) width * height;
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

    /** Sides of up to 32 bits, unsigned. */
    static void checkPixels(long width, long height, long most) {
        if (height != 0 && width > most / height) {
            throw new PictureException(
                    Kind.TOO_MANY_PIXELS, width + " x " + height + " pixels (expected: at most " + most + ")", null);
        }
    }

    private static ImageReaderSpi builtIn(String format) {
        Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format);
        return readers.next().getOriginatingProvider();
    }
}
