package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.archive.RemoteImage;
import dev.sluice.gateway.feature.zip.Board.Line;
import java.util.List;

/**
 * The board of a download in another gateway, as one listener has last read it. One whose gateway writes no more has
 * ended, too. For the thread of that listener.
 */
final class SharedBoard implements Board {
    /** The gateway writes once a second or more often, and listeners read three times a second. */
    private static final int MOST_READS_WITHOUT_A_BEAT = 35;

    private final List<RemoteImage> images;
    private SharedBoards.Written written;
    private Line[] lines;
    private int readsWithoutABeat;

    SharedBoard(List<RemoteImage> images, SharedBoards.Written written) {
        this.images = images;
        this.written = written;
        this.lines = written.lines(images);
    }

    /** Which of its link's downloads this is. */
    long number() {
        return written.number();
    }

    /** Takes what the same download's gateway has written since. */
    void read(SharedBoards.Written now) {
        readsWithoutABeat = now.beats() == written.beats() ? readsWithoutABeat + 1 : 0;
        written = now;
        lines = now.lines(images);
    }

    @Override
    public int size() {
        return lines.length;
    }

    @Override
    public Line line(int index) {
        return lines[index];
    }

    @Override
    public boolean hasEnded() {
        return written.hasEnded() || readsWithoutABeat > MOST_READS_WITHOUT_A_BEAT;
    }
}
