package dev.sluice.gateway.outbound.picture;

import dev.sluice.gateway.outbound.fetch.ImageType;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.picture.format.PictureException.Kind;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the boxes of an HEIF file say (ISO/IEC 23008-12 over ISO/IEC 14496-12), read without decoding anything.
 *
 * <pre>
 *   ftyp   brands: which formats the file is of
 *   meta   pitm   the primary item's number
 *          iprp   ipco   properties, counted from 1: ispe (width and height), irot (quarter turns), …
 *                 ipma   which properties each item has
 *   mdat   the coded image
 * </pre>
 *
 * A box is a size of 32 bits that counts itself, a type of four letters, its content; size 1 is followed by one of 64
 * bits, size 0 reaches to the end. All boxes must lie within the file and fill it, and the coded image must be there,
 * in {@code mdat} or in {@code idat} within {@code meta}: a file that broke off is noticed, wherever it did.
 */
final class HeifFile {
    /** By media type. A file may be of both: then it may be called either. */
    static final Map<String, ImageType> TYPES = Map.of(
            "image/heic", new ImageType("image/heic", "heic"), "image/heif", new ImageType("image/heif", "heif"));

    /** Of stills: section 10.2 and annex B. */
    private static final Map<String, Set<String>> BRANDS =
            Map.of("image/heic", Set.of("heic", "heix", "heim", "heis"), "image/heif", Set.of("mif1"));

    /** An AVIF file has the neutral brand too, and is none of ours. */
    private static final Set<String> FOREIGN = Set.of("avif", "avis");

    private static final int MOST_BOXES = 64;
    private static final int LARGEST_META = 1 << 20;
    private static final int HEADER = 8;
    private static final int LARGE_HEADER = 16;

    private final List<Property> properties = new ArrayList<>();
    private final List<Integer> ofPrimary = new ArrayList<>();
    private long primary = -1;
    private boolean hasData;

    private HeifFile() {}

    /** A property of an item; all but sizes and turns are of no interest. */
    private record Property(String type, long width, long height, int turns) {}

    /** Whether a file that begins with {@code start} names a brand of {@code type}. */
    static boolean is(ImageType type, byte[] start) {
        Set<String> brands = brands(start);
        Set<String> wanted = BRANDS.getOrDefault(type.mediaType(), Set.of());
        return brands.stream().noneMatch(FOREIGN::contains) && brands.stream().anyMatch(wanted::contains);
    }

    private static Set<String> brands(byte[] start) {
        Set<String> brands = new HashSet<>();
        ByteBuffer bytes = ByteBuffer.wrap(start);
        if (start.length < LARGE_HEADER) {
            return brands;
        }
        long size = unsigned(bytes);
        if (!"ftyp".equals(letters(bytes))) {
            return brands;
        }
        bytes.limit((int) Math.min(size, start.length));
        for (boolean major = true; bytes.remaining() >= 4; major = false) {
            brands.add(letters(bytes));
            if (major && bytes.remaining() >= 4) {
                unsigned(bytes); // its version
            }
        }
        return brands;
    }

    /**
     * The size of the primary item as it is to be shown. Blocks.
     *
     * @throws PictureException if the file breaks off, does not say how large it is, or says too much
     */
    static Picture measured(Path file, ImageType type, long maxPixels) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            HeifFile parsed = new HeifFile();
            parsed.readMeta(parsed.meta(channel));
            return parsed.picture(type, maxPixels);
        } catch (BufferUnderflowException | IllegalArgumentException beyondTheBox) {
            throw damaged("a box ends before its content", beyondTheBox);
        }
    }

    /** The content of the one {@code meta} box of the file itself. */
    private ByteBuffer meta(FileChannel channel) throws IOException {
        ByteBuffer meta = null;
        long at = 0;
        for (int boxes = 0; at < channel.size(); boxes++) {
            if (boxes == MOST_BOXES) {
                throw damaged("more than " + MOST_BOXES + " boxes", null);
            }
            ByteBuffer header = read(channel, at, (int) Math.min(LARGE_HEADER, channel.size() - at));
            long size = unsigned(header);
            String type = letters(header);
            int skip = HEADER;
            if (size == 1) {
                size = header.getLong();
                skip = LARGE_HEADER;
            } else if (size == 0) {
                size = channel.size() - at;
            }
            if (size < skip || size > channel.size() - at) {
                throw damaged("box " + type.replaceAll("[^ -~]", "?") + " reaches beyond the end", null);
            }
            if ("meta".equals(type)) {
                if (meta != null || size - skip > LARGEST_META) {
                    throw damaged("more than one box meta, or one of over " + LARGEST_META + " bytes", null);
                }
                meta = read(channel, at + skip, (int) (size - skip));
            }
            hasData |= "mdat".equals(type);
            at += size;
        }
        if (meta == null) {
            throw damaged("no box meta", null);
        }
        return meta;
    }

    private static ByteBuffer read(FileChannel channel, long at, int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count);
        while (bytes.hasRemaining() && channel.read(bytes, at + bytes.position()) >= 0) {
            // A read may be short.
        }
        return bytes.flip();
    }

    private void readMeta(ByteBuffer meta) {
        unsigned(meta); // version and flags
        ByteBuffer properties = null;
        while (meta.hasRemaining()) {
            Box box = Box.next(meta);
            if ("pitm".equals(box.type)) {
                primary = version(box.content) == 0 ? box.content.getChar() : unsigned(box.content);
            } else if ("iprp".equals(box.type)) {
                properties = box.content; // the primary item may be named after it
            } else if ("idat".equals(box.type)) {
                hasData = true;
            }
        }
        while (properties != null && properties.hasRemaining()) {
            Box box = Box.next(properties);
            if ("ipco".equals(box.type)) {
                readProperties(box.content);
            } else if ("ipma".equals(box.type)) {
                readAssociations(box.content);
            }
        }
    }

    private void readProperties(ByteBuffer container) {
        while (container.hasRemaining()) {
            Box box = Box.next(container);
            properties.add(
                    switch (box.type) {
                        case "ispe" -> {
                            version(box.content);
                            yield new Property(box.type, unsigned(box.content), unsigned(box.content), 0);
                        }
                        case "irot" -> new Property(box.type, 0, 0, box.content.get() & 3);
                        default -> new Property(box.type, 0, 0, 0);
                    });
        }
    }

    private void readAssociations(ByteBuffer box) {
        long versionAndFlags = unsigned(box);
        boolean longNumbers = versionAndFlags >>> 24 > 0;
        boolean longIndexes = (versionAndFlags & 1) != 0;
        for (long items = unsigned(box); items > 0; items--) {
            long item = longNumbers ? unsigned(box) : box.getChar();
            for (int count = box.get() & 0xff; count > 0; count--) {
                int index = longIndexes ? box.getChar() & 0x7fff : box.get() & 0x7f;
                if (item == primary) {
                    ofPrimary.add(index);
                }
            }
        }
    }

    private Picture picture(ImageType type, long maxPixels) {
        // Tiles and thumbnails are decoded too by whoever shows the image.
        properties.forEach(each -> PictureCheck.checkPixels(each.width, each.height, maxPixels));
        Property size = null;
        boolean lies = false;
        for (int index : ofPrimary) {
            Property property = index > 0 && index <= properties.size() ? properties.get(index - 1) : null;
            if (property != null && "ispe".equals(property.type)) {
                size = property;
            } else if (property != null && "irot".equals(property.type)) {
                lies = property.turns % 2 == 1;
            }
        }
        if (!hasData) {
            throw damaged("no box mdat", null);
        }
        if (size == null || size.width == 0 || size.height == 0) {
            throw damaged("the primary item has no size", null);
        }
        int width = Math.toIntExact(size.width);
        int height = Math.toIntExact(size.height);
        return lies ? new Picture(type, height, width) : new Picture(type, width, height);
    }

    /** A box within another. */
    private record Box(String type, ByteBuffer content) {

        /** The one that begins here; goes on behind it. */
        static Box next(ByteBuffer bytes) {
            int start = bytes.position();
            long size = unsigned(bytes);
            String type = letters(bytes);
            int skip = bytes.position() - start;
            if (size == 0) {
                size = (long) skip + bytes.remaining();
            }
            // None of those that are read needs 64 bits: all of them are in a megabyte.
            if (size < skip || size - skip > bytes.remaining()) {
                throw damaged("a box within meta reaches beyond it", null);
            }
            ByteBuffer content = bytes.slice(bytes.position(), (int) size - skip);
            bytes.position(start + (int) size);
            return new Box(type, content);
        }
    }

    private static int version(ByteBuffer bytes) {
        return (int) (unsigned(bytes) >>> 24);
    }

    private static long unsigned(ByteBuffer bytes) {
        return Integer.toUnsignedLong(bytes.getInt());
    }

    private static String letters(ByteBuffer bytes) {
        byte[] letters = new byte[4];
        bytes.get(letters);
        return new String(letters, StandardCharsets.ISO_8859_1);
    }

    private static PictureException damaged(String how, @Nullable Throwable cause) {
        return new PictureException(Kind.DAMAGED, "The image cannot be read: " + how, cause);
    }
}
