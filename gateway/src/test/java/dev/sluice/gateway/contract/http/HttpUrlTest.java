package dev.sluice.gateway.contract.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HttpUrlTest {

    @ParameterizedTest
    @CsvSource({
        "https://api.example, true, true, true",
        "http://10.0.0.7:8080/, true, true, true",
        "https://[::1]:8443, true, true, true",
        "https://api.example/v1, true, true, false",
        "https://api.example?key=1, true, false, false",
        "https://api.example#top, true, false, false",
        "https://user@api.example, true, false, false",
        "ftp://api.example, false, false, false",
        "HTTPS://api.example, false, false, false",
        "api.example, false, false, false",
        "https://, false, false, false",
        "https:///v1, false, false, false",
        "https://a b, false, false, false",
        "'', false, false, false"
    })
    void urlsAreToldApart(String text, boolean isUrl, boolean isBase, boolean isRoot) {
        assertThat(HttpUrl.parse(text) != null).isEqualTo(isUrl);
        assertThat(HttpUrl.isBase(text)).isEqualTo(isBase);
        assertThat(HttpUrl.isRoot(text)).isEqualTo(isRoot);
    }
}
