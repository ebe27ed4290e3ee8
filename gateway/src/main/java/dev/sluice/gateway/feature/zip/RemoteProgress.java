package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.archive.RemoteImage;
import dev.sluice.gateway.feature.zip.DownloadProgress.ImageProgress;
import java.util.List;

/**
 * The progress of a download in another gateway, as one listener has last read it. It has also ended if that gateway's
 * heartbeats stop. For the thread of that listener.
 */
final class RemoteProgress implements DownloadProgress {
    /** The gateway writes once a second or more often, and listeners read three times a second. */
    private static final int MOST_READS_WITHOUT_A_HEARTBEAT = 35;

    private final List<RemoteImage> images;
    private SharedProgress.Snapshot written;
    private ImageProgress[] progress;
    private int readsWithoutAHeartbeat;

    RemoteProgress(List<RemoteImage> images, SharedProgress.Snapshot written) {
        this.images = images;
        this.written = written;
        this.progress = written.images(images);
    }

    /** Which of its link's downloads this is. */
    long number() {
        return written.number();
    }

    /** Takes what the same download's gateway has written since. */
    void read(SharedProgress.Snapshot now) {
        readsWithoutAHeartbeat = now.heartbeats() == written.heartbeats() ? readsWithoutAHeartbeat + 1 : 0;
        written = now;
        progress = now.images(images);
    }

    @Override
    public int size() {
        return progress.length;
    }

    @Override
    public ImageProgress image(int index) {
        return progress[index];
    }

    @Override
    public boolean hasEnded() {
        return written.hasEnded() || readsWithoutAHeartbeat > MOST_READS_WITHOUT_A_HEARTBEAT;
    }
}
