package dev.sluice.gateway.outbound.picture.decode.inprocess;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;

/** WebP by libwebp: a still picture, or the first frame of an animation where it lies on the canvas. */
final class WebpReader implements ShrinkingReader {
    private final LibWebp library;

    WebpReader(LibWebp library) {
        this.library = library;
    }

    @Override
    public Shrunk read(Path file, Sizes sizes, Deadline deadline) throws IOException {
        try (Arena memory = Arena.ofConfined()) {
            WebpFrame frame = WebpFrame.of(file, memory, deadline);
            LibWebp.Size size = library.size(frame.webp());
            if (!frame.isPlaced()) {
                sizes.check(size.width(), size.height());
                return new Shrunk(library.decode(frame.webp(), sizes.toWidth(), sizes.toHeight()), frame.profile());
            }
            sizes.check(frame.canvasWidth(), frame.canvasHeight());
            return new Shrunk(placed(frame, size, sizes), frame.profile());
        }
    }

    private Pixels placed(WebpFrame frame, LibWebp.Size size, Sizes sizes) {
        int left = scaled(frame.left(), sizes.width(), sizes.toWidth());
        int top = scaled(frame.top(), sizes.height(), sizes.toHeight());
        int right = Math.max(left + 1, scaled(frame.left() + size.width(), sizes.width(), sizes.toWidth()));
        int bottom = Math.max(top + 1, scaled(frame.top() + size.height(), sizes.height(), sizes.toHeight()));
        Pixels pixels = library.decode(frame.webp(), right - left, bottom - top);
        if (pixels.width() == sizes.toWidth() && pixels.height() == sizes.toHeight()) {
            return pixels;
        }
        return pixels.placed(left, top, sizes.toWidth(), sizes.toHeight());
    }

    private static int scaled(int position, int from, int to) {
        return (int) Math.round((double) position * to / from);
    }
}
