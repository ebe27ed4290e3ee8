package dev.sluice.gateway.outbound.picture.format;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What is told of items beside their coded bytes (ISO/IEC 23008-12 section 6.5).
 *
 * <pre>
 *   ispe   version, width 4, height 4                                 as it is coded
 *   clap   width, height, left to right, up to down                   the part to be seen, by fractions 4 / 4; the last
 *                                                                     two are from centre to centre
 *   irot   turns 1                                                    quarters, against the clock
 *   auxC   version, name                                              what an auxiliary image is, as transparency
 * </pre>
 */
final class HeifProperties {
    private static final String NAME = "image";
    private static final int LONGEST_NAME = 64;

    private HeifProperties() {}

    /**
     * One property; what it does not say is 0 or empty.
     *
     * @param turns quarters
     * @param aperture of {@code clap}: width, height, from centre to centre to the right and down
     * @param name of {@code auxC}
     */
    record Property(String type, long width, long height, int turns, List<Double> aperture, String name) {}

    /** As the picture is seen. */
    record Shown(int width, int height) {}

    /** All that the container box {@code ipco} holds. */
    static List<Property> read(ByteBuffer container) {
        List<Property> properties = new ArrayList<>();
        while (container.hasRemaining()) {
            HeifBox box = HeifBox.next(container);
            ByteBuffer content = box.content();
            properties.add(
                    switch (box.type()) {
                        case "ispe" -> {
                            HeifBox.version(content);
                            yield property(box, HeifBox.unsigned(content), HeifBox.unsigned(content), 0, List.of());
                        }
                        case "irot" -> property(box, 0, 0, content.get() & 3, List.of());
                        case "clap" -> property(box, 0, 0, 0, aperture(content));
                        case "auxC" -> {
                            HeifBox.version(content);
                            yield new Property("auxC", 0, 0, 0, List.of(), name(content));
                        }
                        default -> property(box, 0, 0, 0, List.of());
                    });
        }
        return properties;
    }

    private static Property property(HeifBox box, long width, long height, int turns, List<Double> aperture) {
        return new Property(box.type(), width, height, turns, aperture, "");
    }

    private static List<Double> aperture(ByteBuffer content) {
        List<Double> numbers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            // Sizes are unsigned, and so is what they are divided by; distances are not.
            double above = i < 2 ? HeifBox.unsigned(content) : content.getInt();
            long below = HeifBox.unsigned(content);
            if (below == 0) {
                throw PictureException.damaged(NAME, "its aperture is divided by zero");
            }
            numbers.add(above / below);
        }
        return numbers;
    }

    private static String name(ByteBuffer content) {
        StringBuilder name = new StringBuilder();
        while (content.hasRemaining() && name.length() < LONGEST_NAME) {
            name.append((char) (content.get() & 0xff));
        }
        int end = name.indexOf("\0");
        return end < 0 ? name.toString() : name.substring(0, end);
    }

    /** What is left of the coded image: cropped and turned in the order in which its properties are associated. */
    static Shown shown(List<Property> properties) {
        long width = 0;
        long height = 0;
        for (Property property : properties) {
            if ("ispe".equals(property.type)) {
                width = property.width;
                height = property.height;
            }
        }
        for (Property property : properties) {
            if ("clap".equals(property.type)) {
                double whole = (double) width;
                width = kept(whole, property.aperture.get(0), property.aperture.get(2));
                height = kept((double) height, property.aperture.get(1), property.aperture.get(3));
            } else if ("irot".equals(property.type) && property.turns % 2 == 1) {
                long side = width;
                width = height;
                height = side;
            }
        }
        return new Shown((int) width, (int) height);
    }

    /**
     * Pixels of a side that an aperture leaves, rounded as libheif does, which also cuts off what is beyond the image.
     *
     * @param offset from the side's centre to the aperture's
     */
    private static long kept(double side, double aperture, double offset) {
        double first = Math.floor(offset + (side - 1) / 2.0 - (aperture - 1) / 2);
        double last = first + Math.floor(aperture - 1 + 0.5);
        double kept = Math.min(last, side - 1) - Math.max(first, 0) + 1;
        if (kept < 1) {
            throw PictureException.damaged(NAME, "its aperture leaves nothing");
        }
        return (long) kept;
    }
}
