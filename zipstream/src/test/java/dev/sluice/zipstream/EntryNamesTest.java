package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EntryNamesTest {

    private final EntryNames names = new EntryNames();

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "cat.jpg, cat.jpg",
                "cat.JPEG, cat.JPEG",
                "cat, cat.jpg",
                "cat.png, cat.jpg",
                "cat.webp, cat.jpg",
                "cat.exe, cat.exe.jpg",
                "v1.2, v1.2.jpg",
                "jpg, jpg.jpg",
                "a b.jpg, a b.jpg",
                "'  cat .jpg. ', cat.jpg",
                "photos/2026/cat.jpg, cat.jpg",
                "photos/, photos.jpg",
                "../../etc/passwd, passwd.jpg",
                "'..\\..\\windows\\system.ini', system.ini.jpg",
                "/etc/shadow, shadow.jpg",
                "C:cat.jpg, cat.jpg",
                "'C:\\Users\\cat.jpg', cat.jpg",
                "cat.jpg:evil, cat.jpg_evil.jpg",
                "'a<b>c\"d|e?f*g', a_b_c_d_e_f_g.jpg",
                ".htaccess, htaccess.jpg",
                ".jpg, image.jpg",
                "..., image.jpg",
                ".., image.jpg",
                "/, image.jpg",
                "'', image.jpg",
                "'   ', image.jpg",
                "CON, _CON.jpg",
                "nul.jpg, _nul.jpg",
                "Com1.tar.jpg, _Com1.tar.jpg",
                "LPT\u00B9.png, _LPT\u00B9.jpg",
                "'AUX .jpg', _AUX.jpg",
                "COM10.jpg, COM10.jpg",
                "console.jpg, console.jpg",
                "кошка.jpg, кошка.jpg",
            })
    void namesAreMadeSafe(String wanted, String expected) {
        assertThat(names.claim(wanted, "jpg")).isEqualTo(expected);
    }

    @Test
    void controlAndFormatCharactersGo() {
        assertThat(names.claim("a\u0000b\nc\u007Fd\u0085.jpg", "jpg")).isEqualTo("abcd.jpg");
        assertThat(names.claim("photo\u202Egpj.exe", "jpg")).isEqualTo("photogpj.exe.jpg");
        assertThat(names.claim("\uFEFFzero\u200Bwidth\u2066.jpg", "jpg")).isEqualTo("zerowidth.jpg");
        assertThat(names.claim("tag\uDB40\uDC41.jpg", "jpg")).isEqualTo("tag.jpg");
        assertThat(names.claim("line\u2028end.jpg", "jpg")).isEqualTo("lineend.jpg");
        assertThat(names.claim("half\uD83D.jpg", "jpg")).isEqualTo("half.jpg");
        assertThat(names.claim("thin\u2009space.jpg", "jpg")).isEqualTo("thin space.jpg");
    }

    @Test
    void decomposedLettersAreComposed() {
        assertThat(names.claim("u\u0308ber.jpg", "jpg")).isEqualTo("\u00FCber.jpg");
        assertThat(names.claim("u\u200D\u0308ber2.jpg", "jpg")).isEqualTo("\u00FCber2.jpg");
    }

    @Test
    void secondOfANameGetsANumber() {
        assertThat(names.claim("cat.jpg", "jpg")).isEqualTo("cat.jpg");
        assertThat(names.claim("cat.jpg", "jpg")).isEqualTo("cat (2).jpg");
        assertThat(names.claim("cat.jpg", "jpg")).isEqualTo("cat (3).jpg");
        assertThat(names.claim("cat.png", "png")).isEqualTo("cat.png");
    }

    @ParameterizedTest
    @ValueSource(strings = {"CAT.JPG", "Cat.jpg", "dir/cAt.jpg"})
    void caseMakesNoDifference(String again) {
        names.claim("cat.jpg", "jpg");
        assertThat(names.claim(again, "jpg")).containsIgnoringCase("cat (2).jpg");
    }

    @Test
    void lettersWithoutASimpleCaseCountAsEqualToo() {
        names.claim("stra\u00DFe.jpg", "jpg");
        assertThat(names.claim("STRASSE.jpg", "jpg")).isEqualTo("STRASSE (2).jpg");
    }

    @Test
    void madeUpNamesAreTakenToo() {
        names.claim("cat.jpg", "jpg");
        names.claim("cat.jpg", "jpg");
        assertThat(names.claim("CAT (2).jpg", "jpg")).isEqualTo("CAT (2) (2).jpg");
        assertThat(names.claim("cat (3).jpg", "jpg")).isEqualTo("cat (3).jpg");
        assertThat(names.claim("cat.jpg", "jpg")).isEqualTo("cat (4).jpg");
    }

    @Test
    void longNamesAreCutBetweenCharacters() {
        String name = names.claim("\uD83D\uDE00".repeat(100) + ".jpg", "jpg");
        assertThat(name).isEqualTo("\uD83D\uDE00".repeat(49) + ".jpg");

        String second = names.claim("\uD83D\uDE00".repeat(100) + ".jpg", "jpg");
        assertThat(second).isEqualTo("\uD83D\uDE00".repeat(48) + " (2).jpg");
    }

    @Test
    void namesOfExactlyTheLimitStayWhole() {
        String exact = "x".repeat(196) + ".jpg";
        assertThat(names.claim(exact, "jpg")).isEqualTo(exact);
        assertThat(names.claim("y".repeat(197) + ".jpg", "jpg")).isEqualTo("y".repeat(196) + ".jpg");
    }

    @Test
    void manyEqualWishesTakeLinearTime() {
        for (int i = 1; i <= 100_000; i++) {
            names.claim("cat.jpg", "jpg");
        }
        assertThat(names.claim("cat.jpg", "jpg")).isEqualTo("cat (100001).jpg");
    }

    @Test
    void veryLongWishesTakeLinearTime() {
        assertThat(names.claim("\u00FC".repeat(5_000_000), "jpg")).hasSize(98 + 4);
    }

    /** Of these, each took seconds: its slashes were taken off one by one, its marks put in order one by one. */
    @Test
    @Timeout(20)
    void longWishesOfSlashesAndOfMarksTakeLinearTime() {
        String slashes = "/".repeat(250_000);
        String marks = "a" + "\u0301".repeat(60_000) + "\u0316".repeat(60_000) + ".png";

        for (int i = 0; i < 20; i++) {
            assertThat(new EntryNames().claim("a.png" + slashes, "png")).isEqualTo("a.png");
            assertThat(new EntryNames().claim(marks, "png")).startsWith("á").endsWith(".png");
        }
    }

    @Test
    void withoutAnExtensionTheNameKeepsItsOwn() {
        assertThat(names.claim("manifest.json", "")).isEqualTo("manifest.json");
        assertThat(names.claim("nul", "")).isEqualTo("_nul");
    }

    @Test
    void resultIsAlwaysInNormalForm() {
        String name = names.claim("\u212B\u2126\u1FEF\u0340.jpg", "jpg");
        assertThat(Normalizer.isNormalized(name, Normalizer.Form.NFC)).isTrue();
        assertThat(name.getBytes(StandardCharsets.UTF_8)).hasSizeLessThanOrEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {".jpg", "tar.gz", "a/b", "waytoolong00"})
    void oddExtensionsAreRefused(String extension) {
        assertThatIllegalArgumentException().isThrownBy(() -> names.claim("cat", extension));
    }
}
