package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.picture.format.PictureHeader;
import dev.sluice.gateway.outbound.picture.format.PictureHeader.Coding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A process of its own that decodes a small picture, then the picture that it is given, and prints by how many KB it
 * grew meanwhile, heap apart: its heap is touched from the start.
 */
final class DecodesOnce {
    private static final List<Integer> WIDTHS = List.of(160, 320, 640, 1280);

    private DecodesOnce() {}

    /** Takes a directory with {@code small} and {@code large}, and the large one's format and coding. */
    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[0]);
        InProcessDecoder decoder = new InProcessDecoder(Duration.ofMinutes(5));
        for (int i = 0; i < 5; i++) {
            decoder.decode(directory.resolve("small"), header("png", 1300, 100, Coding.ROWS, false), WIDTHS, directory);
        }
        PictureHeader large =
                header(arguments[1], 6000, 4000, Coding.valueOf(arguments[2]), Boolean.parseBoolean(arguments[3]));
        Files.writeString(Path.of("/proc/self/clear_refs"), "5"); // VmHWM starts again
        long before = kilobytes("VmHWM:");
        int made = decoder.decode(directory.resolve("large"), large, WIDTHS, directory)
                .thumbnails()
                .size();
        System.out.println("made " + made + " grew " + (kilobytes("VmHWM:") - before));
    }

    static PictureHeader header(String format, int width, int height, Coding coding, boolean hasAlpha) {
        return new PictureHeader(
                new ImageType("image/" + format, format), width, height, (long) width * height, 1, 1, coding, hasAlpha);
    }

    private static long kilobytes(String name) throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith(name))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .sum();
    }
}
