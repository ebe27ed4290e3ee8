package dev.sluice.gateway.outbound.ai.image;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Text as dots, three wide and five high a letter, in lines. A letter is five octal digits, a row each from the top: in
 * {@code 25755}, an A, the first row is {@code 2}, its middle dot.
 */
final class PixelFont {
    private static final int LETTER_WIDTH = 3;
    private static final int LETTER_HEIGHT = 5;
    private static final int ADVANCE = LETTER_WIDTH + 1;
    private static final int LINE = LETTER_HEIGHT + 2;
    private static final int MOST_LINES = 3;
    private static final String UNKNOWN = "75557";

    private static final Map<Character, String> LETTERS = Stream.of(
                    "A25755 B65656 C34443 D65556 E74647 F74644 G34553 H55755 I72227 J11152 K55655 L44447 M57755",
                    "N65555 O25552 P65644 Q25563 R65655 S34216 T72222 U55557 V55552 W55775 X55255 Y55222 Z71247",
                    "075557 126227 271747 371317 455711 574717 674757 771122 875757 975717",
                    " 00000 .00002 ,00024 :02020 ;02024 !22202 ?71202 -00700 +02720 '22000 \"55000 /11244 (24442",
                    ")21112 &25357 #57575 _00007 =07070 *52500")
            .flatMap(row -> Stream.of(row.split(" (?=.[0-7]{5})", -1)))
            .collect(Collectors.toUnmodifiableMap(letter -> letter.charAt(0), letter -> letter.substring(1)));

    /** Takes one dot. */
    @FunctionalInterface
    interface Pen {
        /** Both from 0, to the right and down. */
        void dot(int x, int y);
    }

    private final List<String> lines;

    /** @param width in dots; what does not fit in three lines of it ends in an ellipsis */
    PixelFont(String text, int width) {
        int most = Math.max(1, width / ADVANCE);
        String line = text.replaceAll("[\\s\\p{Cntrl}]+", " ").strip().toUpperCase(Locale.ROOT);
        List<String> cut = new ArrayList<>();
        while (!line.isEmpty() && cut.size() < MOST_LINES) {
            int end = line.length() <= most ? line.length() : end(line, most);
            cut.add(line.substring(0, end).strip());
            line = line.substring(end).strip();
        }
        if (!line.isEmpty()) {
            String last = cut.removeLast();
            cut.add(last.substring(0, Math.min(last.length(), Math.max(0, most - 3))) + "...");
        }
        this.lines = List.copyOf(cut);
    }

    /** Behind the last word that fits, or in the middle of a word that does not. */
    private static int end(String line, int most) {
        int space = line.lastIndexOf(' ', most);
        return space > 0 ? space : most;
    }

    /** In dots. */
    int height() {
        return lines.size() * LINE;
    }

    /** Every dot, line by line. */
    void dots(Pen pen) {
        for (int line = 0; line < lines.size(); line++) {
            String text = lines.get(line);
            for (int at = 0; at < text.length(); at++) {
                letter(pen, LETTERS.getOrDefault(text.charAt(at), UNKNOWN), at * ADVANCE, line * LINE);
            }
        }
    }

    private static void letter(Pen pen, String rows, int left, int top) {
        for (int row = 0; row < LETTER_HEIGHT; row++) {
            int dots = rows.charAt(row) - '0';
            for (int column = 0; column < LETTER_WIDTH; column++) {
                if ((dots >> (LETTER_WIDTH - 1 - column) & 1) == 1) {
                    pen.dot(left + column, top + row);
                }
            }
        }
    }
}
