package dev.sluice.gateway.feature.zip;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.sluice.gateway.contract.archive.RemoteImage;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * A board on which one archive's pipeline writes how far each image is, and which any number of listeners read at their
 * own pace. Writing is a plain store: nobody who reads can slow what is written.
 */
final class ZipProgress {

    /** How far an image is. Only forward: queued, downloading, then done or skipped. */
    enum State {
        @JsonProperty("queued")
        QUEUED,
        @JsonProperty("downloading")
        DOWNLOADING,
        @JsonProperty("done")
        DONE,
        @JsonProperty("skipped")
        SKIPPED;

        boolean isFinal() {
            return this == DONE || this == SKIPPED;
        }
    }

    /**
     * One image's line.
     *
     * @param index position in the request, from 0
     * @param url as requested
     * @param state how far it is
     * @param bytes received so far; 0 once it is skipped, since none of them is in the archive
     * @param code why it was skipped, else null
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Line(
            int index,
            String url,
            State state,
            long bytes,
            @Nullable String code) {}

    private final AtomicReferenceArray<Line> lines;
    private volatile boolean ended;

    ZipProgress(ZipRequest request) {
        List<RemoteImage> images = request.images();
        lines = new AtomicReferenceArray<>(images.size());
        for (int index = 0; index < images.size(); index++) {
            lines.set(index, new Line(index, images.get(index).url(), State.QUEUED, 0, null));
        }
    }

    /** It is being downloaded now, from its first byte: for the first time, or again because it broke off. */
    void begun(int index) {
        lines.updateAndGet(
                index, line -> line.state().isFinal() ? line : new Line(index, line.url(), State.DOWNLOADING, 0, null));
    }

    void received(int index, long bytes) {
        lines.updateAndGet(
                index,
                line -> line.state().isFinal()
                        ? line
                        : new Line(index, line.url(), State.DOWNLOADING, line.bytes() + bytes, null));
    }

    void done(int index) {
        lines.updateAndGet(index, line -> new Line(index, line.url(), State.DONE, line.bytes(), null));
    }

    void skipped(int index, String code) {
        lines.updateAndGet(index, line -> new Line(index, line.url(), State.SKIPPED, 0, code));
    }

    /** No line changes any more: the archive is out, or was given up. */
    void end() {
        ended = true;
    }

    boolean hasEnded() {
        return ended;
    }

    /** Number of images. */
    int size() {
        return lines.length();
    }

    /** The present line of one image. */
    Line line(int index) {
        return lines.get(index);
    }
}
