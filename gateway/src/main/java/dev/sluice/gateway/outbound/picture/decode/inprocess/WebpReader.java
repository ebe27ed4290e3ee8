package dev.sluice.gateway.outbound.picture.decode.inprocess;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;

/** WebP by libwebp: a still picture, or the first frame of an animation where it lies on the canvas. */
final class WebpReader implements DownscalingReader {
    private final LibWebp library;

    WebpReader(LibWebp library) {
        this.library = library;
    }

    @Override
    public DownscaledPicture read(Path file, Scaling scaling, Deadline deadline) throws IOException {
        try (Arena memory = Arena.ofConfined()) {
            WebpFrame frame = WebpFrame.of(file, memory, deadline);
            LibWebp.Size size = library.size(frame.webp());
            if (!frame.isPlaced()) {
                scaling.check(size.width(), size.height());
                return new DownscaledPicture(
                        library.decode(frame.webp(), scaling.toWidth(), scaling.toHeight()), frame.profile());
            }
            scaling.check(frame.canvasWidth(), frame.canvasHeight());
            return new DownscaledPicture(placed(frame, size, scaling), frame.profile());
        }
    }

    private Pixels placed(WebpFrame frame, LibWebp.Size size, Scaling scaling) {
        int left = scaled(frame.left(), scaling.width(), scaling.toWidth());
        int top = scaled(frame.top(), scaling.height(), scaling.toHeight());
        int right = Math.max(left + 1, scaled(frame.left() + size.width(), scaling.width(), scaling.toWidth()));
        int bottom = Math.max(top + 1, scaled(frame.top() + size.height(), scaling.height(), scaling.toHeight()));
        Pixels pixels = library.decode(frame.webp(), right - left, bottom - top);
        if (pixels.width() == scaling.toWidth() && pixels.height() == scaling.toHeight()) {
            return pixels;
        }
        return pixels.placed(left, top, scaling.toWidth(), scaling.toHeight());
    }

    private static int scaled(int position, int from, int to) {
        return (int) Math.round((double) position * to / from);
    }
}
