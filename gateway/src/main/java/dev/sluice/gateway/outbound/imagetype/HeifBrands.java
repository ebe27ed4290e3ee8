package dev.sluice.gateway.outbound.imagetype;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What a file of the HEIF family says that it is: the brands in its first box.
 *
 * <pre>
 *   size, ftyp, major brand, version of that, compatible brands …      four bytes each
 * </pre>
 *
 * <p>ISO/IEC 14496-12 section 4.3; brands are those of ISO/IEC 23008-12 section 10 and annex B (HEIC, HEIF) and of the
 * AVIF specification, section 6. The major brand alone does not tell: many encoders put the neutral {@code mif1} there.
 */
public final class HeifBrands {
    private static final ImageType AVIF = new ImageType("image/avif", "avif");
    private static final ImageType HEIC = new ImageType("image/heic", "heic");
    private static final ImageType HEIF = new ImageType("image/heif", "heif");

    private static final int LEAST = 16;
    private static final int BRAND = 4;

    /** By brand, the more specific first. */
    private static final Map<ImageType, Set<String>> STILLS = new LinkedHashMap<>();

    static {
        STILLS.put(HEIC, Set.of("heic", "heix", "heim", "heis"));
        STILLS.put(HEIF, Set.of("mif1", "mif2"));
    }

    private static final Map<ImageType, Set<String>> SEQUENCES = new LinkedHashMap<>();

    static {
        SEQUENCES.put(new ImageType("image/heic-sequence", "heic"), Set.of("hevc", "hevx", "hevm", "hevs"));
        SEQUENCES.put(new ImageType("image/heif-sequence", "heif"), Set.of("msf1"));
    }

    private HeifBrands() {}

    /**
     * Each type that a file which begins with {@code start} may be called, the most telling first; empty if it is none
     * of the family. An AVIF file is only that, though it has the neutral brand too; a sequence is one only if there is
     * no still in it.
     */
    public static List<ImageType> types(byte[] start) {
        Set<String> brands = brands(start);
        if (brands.contains("avif") || brands.contains("avis")) {
            return List.of(AVIF);
        }
        List<ImageType> stills = among(STILLS, brands);
        return stills.isEmpty() ? among(SEQUENCES, brands) : stills;
    }

    /** Every type that is told here. */
    static Stream<ImageType> all() {
        return Stream.concat(STILLS.keySet().stream(), SEQUENCES.keySet().stream());
    }

    private static List<ImageType> among(Map<ImageType, Set<String>> types, Set<String> brands) {
        return types.entrySet().stream()
                .filter(type -> type.getValue().stream().anyMatch(brands::contains))
                .map(Map.Entry::getKey)
                .toList();
    }

    private static Set<String> brands(byte[] start) {
        Set<String> brands = new HashSet<>();
        ByteBuffer bytes = ByteBuffer.wrap(start);
        if (start.length < LEAST) {
            return brands;
        }
        long size = Integer.toUnsignedLong(bytes.getInt());
        if (!"ftyp".equals(letters(bytes)) || size < LEAST) {
            return brands;
        }
        bytes.limit((int) Math.min(size, start.length));
        brands.add(letters(bytes));
        bytes.getInt(); // the major brand's version
        while (bytes.remaining() >= BRAND) {
            brands.add(letters(bytes));
        }
        return brands;
    }

    private static String letters(ByteBuffer bytes) {
        byte[] letters = new byte[BRAND];
        bytes.get(letters);
        return new String(letters, StandardCharsets.ISO_8859_1);
    }
}
