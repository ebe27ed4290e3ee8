package dev.sluice.gateway.feature.uploads;

import static org.assertj.core.api.Assertions.assertThat;

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
        assertThat(FileName.description(name)).isEqualTo(described);
    }

    @Test
    void whatCannotBeSeenIsNoDescription() {
        assertThat(FileName.description("a\u0000\nb\u202e.jpg")).isEqualTo("a b");
        assertThat(FileName.description("photos/")).isNull();
        assertThat(FileName.description(" \t")).isNull();
        assertThat(FileName.description(null)).isNull();
    }
}
