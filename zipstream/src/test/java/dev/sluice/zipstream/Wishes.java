package dev.sluice.zipstream;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Names that callers may wish for, nasty ones above all. */
final class Wishes {

    private static final List<String> NASTY = List.of(
            "/",
            "\\",
            "..",
            ".",
            " ",
            ":",
            "C:",
            "con",
            "NUL",
            "Com1",
            "lpt9",
            "cat",
            "CAT",
            " (2)",
            "\u0000",
            "\u202E",
            "\u0308",
            "u",
            "\u00DF",
            "\u0130",
            "\u212A",
            "\uD83D\uDE00",
            "\uD83D",
            ".jpg",
            ".png",
            ".PNG",
            ".tar",
            "\u2028",
            "\u3000",
            "\uFFFF",
            "x".repeat(190));
    private static final int MOST = 20;
    private static final int LONGEST = 300;
    private static final int MOST_PARTS = 6;

    private Wishes() {}

    /** Up to 20 of them: two in three are put together of what is nasty, the others are any characters. */
    static List<String> list(Random random) {
        List<String> wishes = new ArrayList<>();
        for (int left = random.nextInt(MOST + 1); left > 0; left--) {
            wishes.add(random.nextInt(3) == 0 ? anything(random) : nasty(random));
        }
        return wishes;
    }

    private static String nasty(Random random) {
        StringBuilder wish = new StringBuilder();
        for (int left = random.nextInt(MOST_PARTS + 1); left > 0; left--) {
            wish.append(NASTY.get(random.nextInt(NASTY.size())));
        }
        return wish.toString();
    }

    /** Of ASCII, of any UTF-16 units (half pairs among them), or of any code points. */
    private static String anything(Random random) {
        int alphabet = random.nextInt(3);
        StringBuilder wish = new StringBuilder();
        for (int left = random.nextInt(LONGEST + 1); left > 0; left--) {
            switch (alphabet) {
                case 0 -> wish.append((char) random.nextInt(0x80));
                case 1 -> wish.append((char) random.nextInt(Character.MAX_VALUE + 1));
                default -> wish.appendCodePoint(random.nextInt(Character.MAX_CODE_POINT + 1));
            }
        }
        return wish.toString();
    }
}
