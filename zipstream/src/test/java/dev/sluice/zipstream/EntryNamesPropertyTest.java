package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** What holds for every list of wishes, nasty ones above all. */
class EntryNamesPropertyTest {

    private static final Pattern DEVICE = Pattern.compile("(?i)(con|prn|aux|nul|com\\d|lpt\\d) *(\\..*)?");

    @Property
    void everyNameCanBeUnpackedEverywhere(
            @ForAll("wishes") List<String> wishes, @ForAll("extensions") String extension) {
        EntryNames names = new EntryNames();
        for (String wanted : wishes) {
            String name = names.claim(wanted, extension);
            assertThat(name)
                    .isNotBlank()
                    .doesNotContain("/", "\\", ":", "*", "?", "\"", "<", ">", "|")
                    .doesNotStartWith(".")
                    .doesNotStartWith(" ")
                    .endsWithIgnoringCase("." + extension)
                    .doesNotMatch(DEVICE);
            assertThat(name.codePoints()).noneMatch(c -> switch (Character.getType(c)) {
                case Character.CONTROL, Character.FORMAT, Character.SURROGATE -> true;
                default -> false;
            });
            assertThat(name.getBytes(StandardCharsets.UTF_8)).hasSizeLessThanOrEqualTo(200);
            assertThat(Normalizer.isNormalized(name, Normalizer.Form.NFC)).isTrue();
        }
    }

    @Property
    void noTwoNamesDifferInCaseOnly(@ForAll("wishes") List<String> wishes) {
        EntryNames names = new EntryNames();
        assertThat(wishes.stream().map(wanted -> names.claim(wanted, "png").toLowerCase(Locale.ROOT)))
                .doesNotHaveDuplicates();
    }

    @Property
    void theSameWishesGiveTheSameNames(@ForAll("wishes") List<String> wishes) {
        EntryNames first = new EntryNames();
        EntryNames second = new EntryNames();
        assertThat(wishes.stream().map(wanted -> first.claim(wanted, "webp")))
                .containsExactlyElementsOf(wishes.stream()
                        .map(wanted -> second.claim(wanted, "webp"))
                        .toList());
    }

    @Property
    void aSafeNameStaysAsItIs(@ForAll("wishes") List<String> wishes) {
        for (String wanted : wishes) {
            String once = new EntryNames().claim(wanted, "gif");
            assertThat(new EntryNames().claim(once, "gif")).isEqualTo(once);
        }
    }

    @Provide
    Arbitrary<List<String>> wishes() {
        Arbitrary<String> anything = Arbitraries.strings().ofMaxLength(300);
        Arbitrary<String> nasty = Arbitraries.of(
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
                        "x".repeat(190))
                .list()
                .ofMaxSize(6)
                .map(parts -> String.join("", parts));
        return Arbitraries.oneOf(anything, nasty, nasty).list().ofMaxSize(20);
    }

    @Provide
    Arbitrary<String> extensions() {
        return Arbitraries.of("jpg", "png", "webp", "gif", "heic", "tiff", "PNG");
    }
}
