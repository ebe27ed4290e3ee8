package dev.sluice.gateway.outbound.picture.format;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The boxes that a file consists of (ISO/IEC 14496-12 section 4.2).
 *
 * <pre>
 *   size 4, type 4, content         the size counts all of the box
 *   1, type 4, size 8, content      for large ones
 *   0, type 4, content              to the end of the file
 * </pre>
 *
 * <p>A box of the format that reaches beyond the end means that the file broke off. Anything else at the end that is no
 * box is no part of the image: viewers pass it over.
 *
 * @param boxes in the order of the file
 */
record FileBoxes(List<Box> boxes) {
    private static final int MOST = 1_000;
    private static final int HEADER = 8;
    private static final int LARGE_HEADER = 16;

    FileBoxes {
        boxes = List.copyOf(boxes);
    }

    /**
     * One box.
     *
     * @param start where its content begins in the file
     * @param end where it ends
     */
    record Box(String type, long start, long end) {
        long length() {
            return end - start;
        }
    }

    /**
     * @param format for what is said of damaged files
     * @param own types of box that are no rubbish if they reach beyond the end
     */
    static FileBoxes read(FileBytes bytes, String format, List<String> own) throws IOException {
        List<Box> boxes = new ArrayList<>();
        bytes.seek(0);
        while (bytes.remaining() >= HEADER) {
            if (boxes.size() == MOST) {
                throw PictureException.unsupported("A file of more than " + MOST + " boxes");
            }
            long at = bytes.position();
            long size = bytes.u32();
            String type = bytes.letters();
            int header = HEADER;
            if (size == 0) {
                size = bytes.length() - at;
            } else if (size == 1 && bytes.remaining() >= HEADER) {
                size = bytes.u63();
                header = LARGE_HEADER;
            }
            if (size < header || size > bytes.length() - at) {
                if (own.contains(type)) {
                    throw PictureException.damaged(format, "its box " + type + " reaches beyond the end");
                }
                break;
            }
            boxes.add(new Box(type, at + header, at + size));
            bytes.seek(at + size);
        }
        return new FileBoxes(boxes);
    }

    List<Box> all(String type) {
        return boxes.stream().filter(box -> box.type.equals(type)).toList();
    }

    Optional<Box> first(String type) {
        return boxes.stream().filter(box -> box.type.equals(type)).findFirst();
    }
}
