package dev.sluice.gateway.outbound.picture.format;

import dev.sluice.gateway.outbound.picture.format.HeifProperties.Property;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;

/**
 * What the box {@code meta} says of the picture: its primary item, and what that is made of.
 *
 * <pre>
 *   meta   version and flags 4
 *          pitm   version, the primary item's number
 *          iinf   version, count, infe …      each item's number and coding
 *          iref   version, dimg …             which items an item is made of (the tiles of a grid)
 *                          auxl …             which item an item belongs to (its transparency)
 *          iprp   ipco                        properties, counted from 1
 *                 ipma                        which of them each item has, in the order in which they apply
 *          iloc   where items are: in the file, or in idat
 *          idat   the bytes of small ones
 * </pre>
 *
 * @param coding of the primary item
 * @param ofPrimary the properties of the primary item, in order
 * @param sizes every size there is, of any item
 * @param hasAlpha whether the primary item has an image of its transparency
 */
record HeifItems(String coding, List<Property> ofPrimary, List<Property> sizes, boolean hasAlpha) {
    private static final String NAME = "image";
    private static final int MOST_PARTS = 10_000;
    private static final String IDENTITY = "iden";

    HeifItems {
        ofPrimary = List.copyOf(ofPrimary);
        sizes = List.copyOf(sizes);
    }

    /**
     * @param meta its content
     * @param fileLength within which all parts must be
     */
    static HeifItems read(ByteBuffer meta, long fileLength) {
        HeifBox.version(meta);
        Map<String, ByteBuffer> boxes = new HashMap<>();
        while (meta.hasRemaining()) {
            HeifBox box = HeifBox.next(meta);
            boxes.putIfAbsent(box.type(), box.content());
        }
        return new Reader(boxes).read(fileLength);
    }

    /** One reading of it. */
    private static final class Reader {
        private final Map<String, ByteBuffer> boxes;
        private final Map<Long, String> codings = new HashMap<>();
        private final Map<Long, List<Integer>> associations = new HashMap<>();

        /** The primary item, what it is made of, and its transparency. */
        private final Set<Long> parts = new HashSet<>();

        private long primary;

        Reader(Map<String, ByteBuffer> boxes) {
            this.boxes = boxes;
        }

        HeifItems read(long fileLength) {
            ByteBuffer pitm = box("pitm");
            primary = HeifBox.version(pitm) == 0 ? pitm.getChar() : HeifBox.unsigned(pitm);
            Set<Long> auxiliaries = new HashSet<>();
            references("auxl", (from, to) -> addIf(to == primary, auxiliaries, from));
            List<Property> properties = properties(box("iprp"), auxiliaries);
            auxiliaries.removeIf(item -> !isAlpha(of(item, properties)));
            parts.add(primary);
            parts.addAll(auxiliaries);
            // Twice: a tile may be made of others.
            references("dimg", (from, to) -> addIf(parts.contains(from), parts, to));
            references("dimg", (from, to) -> addIf(parts.contains(from), parts, to));
            codings(box("iinf"));
            readLocations(box("iloc"), fileLength);
            if (!parts.isEmpty()) {
                throw PictureException.damaged(NAME, "a part of it is nowhere");
            }
            return new HeifItems(
                    codings.getOrDefault(primary, "no coding"),
                    of(primary, properties),
                    properties.stream()
                            .filter(each -> "ispe".equals(each.type()))
                            .toList(),
                    !auxiliaries.isEmpty());
        }

        private ByteBuffer box(String type) {
            ByteBuffer box = boxes.get(type);
            if (box == null) {
                throw PictureException.damaged(NAME, "it has no box " + type);
            }
            return box.duplicate();
        }

        private static void addIf(boolean isWanted, Set<Long> items, long item) {
            if (isWanted && items.add(item) && items.size() > MOST_PARTS) {
                throw PictureException.unsupported("HEIF of more than " + MOST_PARTS + " tiles");
            }
        }

        /** Shows {@code seen} every reference of one type, from an item to another. */
        private void references(String type, BiConsumer<Long, Long> seen) {
            ByteBuffer iref = boxes.getOrDefault("iref", ByteBuffer.allocate(4)).duplicate();
            int size = HeifBox.version(iref) == 0 ? 2 : 4;
            while (iref.hasRemaining()) {
                HeifBox reference = HeifBox.next(iref);
                ByteBuffer content = reference.content();
                long from = HeifBox.number(content, size);
                for (int count = content.getChar(); count > 0 && type.equals(reference.type()); count--) {
                    seen.accept(from, HeifBox.number(content, size));
                }
            }
        }

        private void codings(ByteBuffer iinf) {
            HeifBox.number(iinf, HeifBox.version(iinf) == 0 ? 2 : 4);
            while (iinf.hasRemaining()) {
                ByteBuffer infe = HeifBox.next(iinf).content();
                int version = HeifBox.version(infe);
                long item = HeifBox.number(infe, version < 3 ? 2 : 4);
                if (version >= 2 && parts.contains(item)) {
                    infe.getChar(); // its protection
                    codings.put(item, HeifBox.letters(infe));
                }
            }
        }

        /** All of them; notes which ones the primary item and {@code others} have. */
        private List<Property> properties(ByteBuffer iprp, Set<Long> others) {
            List<Property> properties = new ArrayList<>();
            while (iprp.hasRemaining()) {
                HeifBox box = HeifBox.next(iprp);
                if ("ipco".equals(box.type())) {
                    properties.addAll(HeifProperties.read(box.content()));
                } else if ("ipma".equals(box.type())) {
                    associate(box.content(), others);
                }
            }
            return properties;
        }

        private void associate(ByteBuffer ipma, Set<Long> others) {
            long versionAndFlags = HeifBox.unsigned(ipma);
            int itemSize = versionAndFlags >>> 24 > 0 ? 4 : 2;
            boolean hasLongIndexes = (versionAndFlags & 1) != 0;
            for (long items = HeifBox.unsigned(ipma); items > 0; items--) {
                long item = HeifBox.number(ipma, itemSize);
                List<Integer> indexes = new ArrayList<>();
                for (int count = ipma.get() & 0xff; count > 0; count--) {
                    indexes.add(hasLongIndexes ? ipma.getChar() & 0x7fff : ipma.get() & 0x7f);
                }
                if (item == primary || others.contains(item)) {
                    associations.putIfAbsent(item, indexes);
                }
            }
        }

        private List<Property> of(long item, List<Property> properties) {
            return associations.getOrDefault(item, List.of()).stream()
                    .filter(index -> index > 0 && index <= properties.size())
                    .map(index -> properties.get(index - 1))
                    .toList();
        }

        private static boolean isAlpha(List<Property> properties) {
            return properties.stream().anyMatch(each -> {
                String name = each.name();
                return name.equals("urn:mpeg:mpegB:cicp:systems:auxiliary:alpha")
                        || name.equals("urn:mpeg:hevc:2015:auxid:1");
            });
        }

        /** Takes every part that is there off {@link #parts}. */
        private void readLocations(ByteBuffer iloc, long fileLength) {
            parts.removeIf(item -> IDENTITY.equals(codings.get(item)));
            int version = HeifBox.version(iloc);
            int sizes = iloc.getChar();
            int offsetSize = sizes >> 12;
            int lengthSize = (sizes >> 8) & 0xf;
            int baseSize = (sizes >> 4) & 0xf;
            int extentSize = offsetSize + lengthSize + (version > 0 ? sizes & 0xf : 0);
            for (long items = HeifBox.number(iloc, version < 2 ? 2 : 4); items > 0; items--) {
                long item = HeifBox.number(iloc, version < 2 ? 2 : 4);
                int method = version > 0 ? iloc.getChar() & 0xf : 0;
                iloc.getChar(); // which file
                long base = HeifBox.number(iloc, baseSize);
                int extents = iloc.getChar();
                ByteBuffer ofItem = HeifBox.part(iloc, extents * extentSize);
                if (extents > 0 && parts.remove(item) && method < 2) {
                    long end = method == 0 ? fileLength : box("idat").remaining();
                    while (ofItem.hasRemaining()) {
                        HeifBox.number(ofItem, extentSize - offsetSize - lengthSize);
                        check(base + HeifBox.number(ofItem, offsetSize), HeifBox.number(ofItem, lengthSize), end);
                    }
                }
            }
        }

        private static void check(long offset, long length, long end) {
            if (offset < 0 || offset >= end || length > end - offset) {
                throw PictureException.damaged(NAME, "it ends before its pixels");
            }
        }
    }
}
