package dev.sluice.gateway.outbound.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FileNameTest {

    @ParameterizedTest
    @CsvSource({
        "harbour at dawn.jpg, harbour at dawn",
        "IMG_0001.HEIC, IMG_0001",
        "archive.tar.gz, archive.tar",
        "C:\\fakepath\\cat.png, cat",
        "../../etc/cat.png, cat",
        "v1.2 final version, v1.2 final version",
        ".hidden, .hidden",
        "Füße und Hände.jpeg, Füße und Hände"
    })
    void describesWithoutFoldersAndEnding(String name, String described) {
        assertThat(FileName.title(name)).isEqualTo(described);
    }

    @Test
    void whatCannotBeSeenIsNoDescription() {
        assertThat(FileName.title("a\u0000\nb\u202e.jpg")).isEqualTo("a b");
        assertThat(FileName.title("photos/")).isNull();
        assertThat(FileName.title(" \t")).isNull();
        assertThat(FileName.title(null)).isNull();
    }

    @Test
    void isNoLongerThanANameMayBe() {
        assertThat(FileName.title("é".repeat(300) + ".jpg")).isEqualTo("é".repeat(255));
    }

    @ParameterizedTest
    @CsvSource({
        "https://site.example/a/My%20cat.JPG?w=5#x, My cat",
        "https://site.example/100%.png, 100%",
        "https://site.example/cat, cat",
        "https://site.example/cat/,",
        "https://site.example,",
        "no url at all,"
    })
    void urlIsCalledByTheLastSegmentOfItsPath(String url, @Nullable String title) {
        assertThat(FileName.titleOfUrl(url)).isEqualTo(title);
    }
}
