package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.picture.decode.BlurHashEncoder;
import dev.sluice.gateway.outbound.picture.decode.Decoded;
import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.picture.decode.PictureDecoder;
import dev.sluice.gateway.outbound.picture.decode.Thumbnail;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.picture.format.PictureHeader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Decodes in this JVM, for where libvips is not installed: JPEG by Java's own reader, PNG and GIF in Java, WebP by
 * libwebp. Pictures are made smaller while they are decoded, so that none is ever on the heap at its full size.
 */
public final class InProcessDecoder implements PictureDecoder {
    private final Map<String, DownscalingReader> readers;
    private final ThumbnailFile thumbnails;
    private final String name;
    private final Duration limit;

    /** @param limit how long decoding one picture may take */
    public InProcessDecoder(Duration limit) {
        LibWebp webp = LibWebp.library();
        Map<String, DownscalingReader> all = new HashMap<>();
        all.put("image/jpeg", new JpegReader());
        all.put("image/png", new PngReader());
        all.put("image/gif", new GifReader());
        if (webp != null) {
            all.put("image/webp", new WebpReader(webp));
        }
        this.readers = Map.copyOf(all);
        this.thumbnails = new ThumbnailFile(webp);
        this.name = "in process, " + (webp == null ? "without WebP" : "libwebp " + webp.version());
        this.limit = limit;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Set<String> mediaTypes() {
        return readers.keySet();
    }

    @Override
    public long memoryFor(PictureHeader header) {
        return DecodingMemory.of(header, Runtime.getRuntime().maxMemory());
    }

    @Override
    public boolean makes(PictureHeader header, int width) {
        return DecodingMemory.isMade(header, width, Runtime.getRuntime().maxMemory());
    }

    @Override
    public Decoded decode(Path file, PictureHeader header, List<Integer> widths, Path directory) throws IOException {
        DownscalingReader reader = readers.get(header.type().mediaType());
        if (reader == null) {
            throw PictureException.unsupported(header.type().mediaType());
        }
        if (!widths.stream().allMatch(width -> makes(header, width))) {
            throw new DecoderException(
                    DecoderException.Kind.LIMIT, "The image's thumbnails take more memory than there is", null);
        }
        try {
            return decode(reader, file, header, widths, directory);
        } catch (OutOfMemoryError | StackOverflowError tooMuch) {
            throw new DecoderException(
                    DecoderException.Kind.LIMIT, "The image takes more memory than there is", tooMuch);
        } catch (LinkageError broken) {
            throw new DecoderException(DecoderException.Kind.FAILED, "The decoder cannot be started", broken);
        }
    }

    private Decoded decode(
            DownscalingReader reader, Path file, PictureHeader header, List<Integer> widths, Path directory)
            throws IOException {
        int smallWidth = placeholderSide(header.width(), header);
        int smallHeight = placeholderSide(header.height(), header);
        Scaling scaling = widths.isEmpty()
                ? Scaling.of(header, smallWidth, smallHeight)
                : Scaling.of(header, Collections.max(widths));
        DownscaledPicture downscaled = reader.read(file, scaling, new Deadline(limit));
        Pixels picture = SrgbColors.of(downscaled).withoutNeedlessAlpha().upright(header.orientation());
        List<Thumbnail> made = new ArrayList<>();
        for (int width : widths.reversed()) {
            picture = AreaAverage.shrink(picture, width, Scaling.height(header, width));
            made.add(thumbnails.write(picture, directory));
        }
        Pixels small = AreaAverage.shrink(picture, smallWidth, smallHeight);
        return new Decoded(header.width(), header.height(), BlurHashEncoder.of(small.image()), made.reversed());
    }

    private static int placeholderSide(int side, PictureHeader header) {
        double longest = Math.max(header.width(), header.height());
        return Math.clamp(Math.round(BlurHashEncoder.SIDE * side / longest), 1, side);
    }
}
