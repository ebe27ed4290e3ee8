package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.picture.format.PictureException;
import java.util.ArrayList;
import java.util.List;

/**
 * A JPEG's frame: the components of a picture, and how many blocks of 8 x 8 samples each has (ITU-T T.81, section A.2).
 *
 * @param content of its header, behind the length
 * @param width in pixels
 * @param height in pixels
 * @param unitsAcross how many times the smallest part that has all components fits in, rounded up
 * @param unitsDown likewise
 */
@SuppressWarnings("ArrayRecordComponent") // no two are compared
record JpegFrame(
        byte[] content,
        boolean isProgressive,
        int width,
        int height,
        List<Component> components,
        int unitsAcross,
        int unitsDown) {
    private static final int FIRST_COMPONENT = 6;
    private static final int OF_COMPONENT = 3;

    /** Blocks in the smallest part (section B.2.3), when all components are in one scan. */
    private static final int MOST_BLOCKS = 10;

    /**
     * One component.
     *
     * @param across blocks of it in the smallest part, in each row
     * @param down and in each column
     * @param usedAcross blocks in a row of the picture, as a scan of this component alone has them
     * @param usedDown likewise
     * @param blocksAcross blocks in a row, with those that fill up the last part
     * @param first its first block, among those of all components
     */
    record Component(
            int id, int across, int down, int table, int usedAcross, int usedDown, int blocksAcross, long first) {}

    /** @throws PictureException if it is of no use */
    static JpegFrame of(byte[] content, boolean isProgressive) {
        if (content.length < FIRST_COMPONENT || content.length != FIRST_COMPONENT + OF_COMPONENT * content[5]) {
            throw PictureException.damaged("image", "its frame has the wrong length");
        }
        int count = content[5];
        int height = ((content[1] & 0xff) << 8) | (content[2] & 0xff);
        int width = ((content[3] & 0xff) << 8) | (content[4] & 0xff);
        int mostAcross = 1;
        int mostDown = 1;
        int blocks = 0;
        for (int i = FIRST_COMPONENT; i < content.length; i += OF_COMPONENT) {
            int across = count == 1 ? 1 : (content[i + 1] >> 4) & 0xf;
            int down = count == 1 ? 1 : content[i + 1] & 0xf;
            if (across < 1 || across > 4 || down < 1 || down > 4 || content[i + 2] < 0 || content[i + 2] > 3) {
                throw PictureException.damaged("image", "a component has a size that there is not");
            }
            mostAcross = Math.max(mostAcross, across);
            mostDown = Math.max(mostDown, down);
            blocks += across * down;
        }
        if (blocks > MOST_BLOCKS) {
            throw PictureException.unsupported("JPEG in scans whose components differ as much in size");
        }
        int unitsAcross = Math.ceilDiv(width, 8 * mostAcross);
        int unitsDown = Math.ceilDiv(height, 8 * mostDown);
        List<Component> components = new ArrayList<>();
        long first = 0;
        for (int i = FIRST_COMPONENT; i < content.length; i += OF_COMPONENT) {
            int across = count == 1 ? 1 : (content[i + 1] >> 4) & 0xf;
            int down = count == 1 ? 1 : content[i + 1] & 0xf;
            components.add(new Component(
                    content[i] & 0xff,
                    across,
                    down,
                    content[i + 2],
                    Math.ceilDiv(Math.ceilDiv(width * across, mostAcross), 8),
                    Math.ceilDiv(Math.ceilDiv(height * down, mostDown), 8),
                    unitsAcross * across,
                    first));
            first += (long) unitsAcross * across * unitsDown * down;
        }
        return new JpegFrame(content, isProgressive, width, height, List.copyOf(components), unitsAcross, unitsDown);
    }

    /** Where in the header a component has the number of its quantization table. */
    static int tableOf(int component) {
        return FIRST_COMPONENT + OF_COMPONENT * component + 2;
    }

    /** Blocks of all components. */
    long blocks() {
        Component last = components.getLast();
        return last.first + (long) last.blocksAcross * unitsDown * last.down;
    }

    /** @throws PictureException if there is none of that name */
    int indexOf(int id) {
        for (int i = 0; i < components.size(); i++) {
            if (components.get(i).id == id) {
                return i;
            }
        }
        throw PictureException.damaged("image", "a scan has a component that there is not");
    }
}
