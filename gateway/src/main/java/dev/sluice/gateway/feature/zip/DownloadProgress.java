package dev.sluice.gateway.feature.zip;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/** The progress of one download, image by image. Any number of listeners read it, on any thread. */
interface DownloadProgress {

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
     * The progress of one image.
     *
     * @param index position in the request, from 0
     * @param url as requested
     * @param state how far it is
     * @param bytes received so far; 0 once it is skipped, since none of them is in the archive
     * @param code why it was skipped, else null
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record ImageProgress(
            int index,
            String url,
            State state,
            long bytes,
            @Nullable String code) {}

    /** Number of images. */
    int size();

    /** The present progress of one image, by its position from 0. */
    ImageProgress image(int index);

    /**
     * Whether no image's progress changes any more. Read this before the images: they then include all that was written
     * before the end.
     */
    boolean hasEnded();
}
