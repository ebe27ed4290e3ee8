package dev.sluice.gateway.outbound.wordpress;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.http.ContentDisposition;

class AttachmentNameTest {

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "cat.png, cat.png",
                "Kätzchen.png, Katzchen.png",
                "my \"best\" cat.png, my-best-cat.png",
                "../../etc/passwd, etc-passwd",
                "shell.php.png, shell-php.png",
                "猫.png, image.png",
                ".htaccess, htaccess",
                "a;filename=b.exe, a-filename-b.exe",
                "no extension, no-extension"
            })
    void plainNameIsLettersAndOneDot(String name, String expected) {
        assertThat(new AttachmentName(name).disposition()).startsWith("attachment; filename=\"" + expected + "\"; ");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {"cat.png", "Kätzchen \"Mia\" (2).png", "猫 🐈.png", "100%;'x'.png", "a,b=c.png"})
    void wholeNameIsThereForWhoReadsIt(String name) {
        assertThat(ContentDisposition.parse(new AttachmentName(name).disposition())
                        .getFilename())
                .isEqualTo(name);
    }

    @Test
    void lineBreaksAndWhatCannotBeSeenAreNoPartOfIt() {
        assertThat(new AttachmentName("a\r\nSet-Cookie: x\u0000\u202Egnp.png").disposition())
                .isEqualTo("attachment; filename=\"a-Set-Cookie-x-gnp.png\"; "
                        + "filename*=UTF-8''a%20Set-Cookie%3A%20x%20gnp.png");
    }

    @Test
    void longNameKeepsItsExtension() {
        assertThat(new AttachmentName("x".repeat(500) + ".png").disposition())
                .startsWith("attachment; filename=\"" + "x".repeat(116) + ".png\"");
    }
}
