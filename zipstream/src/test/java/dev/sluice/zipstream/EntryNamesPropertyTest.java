package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What holds for every list of wishes, nasty ones above all. */
class EntryNamesPropertyTest {

    private static final int TRIES = 1000;
    private static final List<String> EXTENSIONS = List.of("jpg", "png", "webp", "gif", "heic", "tiff", "PNG");
    private static final Pattern DEVICE = Pattern.compile("(?i)(con|prn|aux|nul|com\\d|lpt\\d) *(\\..*)?");

    @Test
    void everyNameCanBeUnpackedEverywhere() {
        Seeds.each(TRIES, random -> {
            String extension = EXTENSIONS.get(random.nextInt(EXTENSIONS.size()));
            EntryNames names = new EntryNames();
            for (String wanted : Wishes.list(random)) {
                assertUnpackable(names.claim(wanted, extension), extension);
            }
        });
    }

    private static void assertUnpackable(String name, String extension) {
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

    @Test
    void noTwoNamesDifferInCaseOnly() {
        Seeds.each(TRIES, random -> {
            EntryNames names = new EntryNames();
            assertThat(Wishes.list(random).stream()
                            .map(wanted -> names.claim(wanted, "png").toLowerCase(Locale.ROOT)))
                    .doesNotHaveDuplicates();
        });
    }

    @Test
    void theSameWishesGiveTheSameNames() {
        Seeds.each(TRIES, random -> {
            List<String> wishes = Wishes.list(random);
            assertThat(claimed(wishes)).isEqualTo(claimed(wishes));
        });
    }

    private static List<String> claimed(List<String> wishes) {
        EntryNames names = new EntryNames();
        return wishes.stream().map(wanted -> names.claim(wanted, "webp")).toList();
    }

    @Test
    void aSafeNameStaysAsItIs() {
        Seeds.each(TRIES, random -> {
            for (String wanted : Wishes.list(random)) {
                String once = new EntryNames().claim(wanted, "gif");
                assertThat(new EntryNames().claim(once, "gif")).isEqualTo(once);
            }
        });
    }
}
