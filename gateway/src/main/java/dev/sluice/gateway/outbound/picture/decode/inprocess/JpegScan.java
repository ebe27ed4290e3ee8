package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.picture.decode.inprocess.JpegBits.Code;
import dev.sluice.gateway.outbound.picture.decode.inprocess.JpegFrame.Component;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One scan of a JPEG that has several: which coefficients it has, and of how many bits (ITU-T T.81, sections F.2.2,
 * G.1.2 and G.2).
 *
 * <pre>
 *   sequential      0 to 63, all bits
 *   progressive     0, or some of 1 to 63: the upper bits, then one more bit in each further scan
 * </pre>
 */
final class JpegScan {
    private static final int LAST = JpegCoefficients.OF_BLOCK - 1;
    private static final int SIXTEEN_ZEROS = 15;

    private final JpegFrame frame;
    private final List<Part> parts;
    private final JpegBits bits;
    private final JpegCoefficients all;
    private final boolean isProgressive;
    private final int first;
    private final int last;
    private final boolean isFirst;
    private final int shift;
    private int endOfBand;

    /** A component of the scan, and how it is coded; what is not needed is null. */
    static final class Part {
        private final Component component;
        private final @Nullable Code constant;
        private final @Nullable Code others;
        private int prediction;

        Part(Component component, @Nullable Code constant, @Nullable Code others) {
            this.component = component;
            this.constant = constant;
            this.others = others;
        }
    }

    /**
     * A scan whose bits come next.
     *
     * @param progress the last three bytes of its header: first and last coefficient, and bits
     */
    JpegScan(JpegFrame frame, List<Part> parts, byte[] progress, JpegBits bits, JpegCoefficients all) {
        this.frame = frame;
        this.parts = parts;
        this.bits = bits;
        this.all = all;
        this.isProgressive = frame.isProgressive();
        this.first = isProgressive ? progress[0] : 0;
        this.last = isProgressive ? progress[1] : LAST;
        this.isFirst = !isProgressive || progress[2] >> 4 == 0;
        this.shift = isProgressive ? progress[2] & 0xf : 0;
        boolean isRight = first >= 0
                && first <= last
                && last <= LAST
                && (!isProgressive || (first == 0 ? last == 0 : parts.size() == 1))
                && (isFirst || ((progress[2] >> 4) & 0xf) == shift + 1)
                && shift <= 13;
        if (!isRight) {
            throw PictureException.damaged("image", "a scan refines what there is not");
        }
    }

    /** @param restart after so many units the coding begins anew; 0 if it never does */
    void read(int restart, Deadline deadline) throws IOException {
        boolean isAlone = parts.size() == 1;
        Component only = parts.getFirst().component;
        int across = isAlone ? only.usedAcross() : frame.unitsAcross();
        int down = isAlone ? only.usedDown() : frame.unitsDown();
        int left = restart;
        int restarts = 0;
        for (int y = 0; y < down; y++) {
            deadline.check();
            for (int x = 0; x < across; x++) {
                if (restart > 0 && left-- == 0) {
                    bits.restart(restarts++ & 7);
                    left = restart - 1;
                    endOfBand = 0;
                    parts.forEach(part -> part.prediction = 0);
                }
                if (isAlone) {
                    block(parts.getFirst(), x, y);
                } else {
                    unit(x, y);
                }
            }
        }
    }

    private void unit(int x, int y) throws IOException {
        for (int i = 0; i < parts.size(); i++) {
            Part part = parts.get(i);
            Component component = part.component;
            for (int down = 0; down < component.down(); down++) {
                for (int across = 0; across < component.across(); across++) {
                    block(part, x * component.across() + across, y * component.down() + down);
                }
            }
        }
    }

    private void block(Part part, int x, int y) throws IOException {
        Component component = part.component;
        long start = (component.first() + (long) y * component.blocksAcross() + x) * JpegCoefficients.OF_BLOCK;
        if (first == 0) {
            constant(part, start);
        }
        if (last > 0) {
            Code code = code(part.others);
            if (isFirst) {
                others(code, start);
            } else {
                refine(code, start);
            }
        }
    }

    private static Code code(@Nullable Code code) {
        if (code == null) {
            throw PictureException.damaged("image", "a Huffman table is missing");
        }
        return code;
    }

    private void constant(Part part, long start) throws IOException {
        if (isFirst) {
            part.prediction += bits.signed(bits.symbol(code(part.constant)) & 0xf);
            all.set(start, part.prediction << shift);
        } else if (bits.bit()) {
            all.set(start, all.get(start) | (1 << shift));
        }
    }

    private void others(Code code, long start) throws IOException {
        if (endOfBand > 0) {
            endOfBand--;
            return;
        }
        for (int k = Math.max(first, 1); k <= last; k++) {
            int symbol = bits.symbol(code);
            int zeros = symbol >> 4;
            int magnitude = symbol & 0xf;
            if (magnitude > 0) {
                k = Math.min(k + zeros, LAST);
                all.set(start + k, bits.signed(magnitude) << shift);
            } else if (zeros == SIXTEEN_ZEROS) {
                k += zeros;
            } else {
                endOfBand = isProgressive ? (1 << zeros) - 1 + bits.number(zeros) : 0;
                return;
            }
        }
    }

    private void refine(Code code, long start) throws IOException {
        int k = first;
        if (endOfBand == 0) {
            while (k <= last) {
                int symbol = bits.symbol(code);
                int zeros = symbol >> 4;
                int found = 0;
                if ((symbol & 0xf) > 0) {
                    found = bits.bit() ? 1 << shift : -1 << shift;
                } else if (zeros < SIXTEEN_ZEROS) {
                    endOfBand = (1 << zeros) + bits.number(zeros);
                    break;
                }
                k = passOver(zeros, k, start);
                if (found != 0 && k <= last) {
                    all.set(start + k, found);
                }
                k++;
            }
        }
        if (endOfBand > 0) {
            endOfBand--;
            refineRest(k, start);
        }
    }

    /** As {@link #passOver} does, where no zero counts: most blocks are zeros from some coefficient on. */
    private void refineRest(int from, long start) throws IOException {
        int k = from;
        while (k <= last) {
            if ((k & 3) == 0 && all.areFourZero(start + k)) {
                k += 4;
            } else {
                refineOne(start + k);
                k++;
            }
        }
    }

    private void refineOne(long index) throws IOException {
        int value = all.get(index);
        if (value != 0 && bits.bit() && (value & (1 << shift)) == 0) {
            all.set(index, value + (value > 0 ? 1 << shift : -1 << shift));
        }
    }

    /** Over so many zeros to the next one; whatever is between them is refined. */
    private int passOver(int zeros, int from, long start) throws IOException {
        int left = zeros;
        int k = from;
        for (; k <= last; k++) {
            if (all.get(start + k) != 0) {
                refineOne(start + k);
            } else if (left-- == 0) {
                break;
            }
        }
        return k;
    }
}
