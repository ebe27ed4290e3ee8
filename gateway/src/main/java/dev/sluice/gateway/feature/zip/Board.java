package dev.sluice.gateway.feature.zip;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/** What has become of each image of one download so far. Read by any number of listeners, on any thread. */
interface Board {

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

    /** Number of images. */
    int size();

    /** The present line of one image, from 0. */
    Line line(int index);

    /**
     * Whether no line changes any more. Read it before the lines: what was written before the end is then among them.
     */
    boolean hasEnded();
}
