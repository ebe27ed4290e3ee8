package dev.sluice.gateway.inbound.identity;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.http.HttpCookie;
import org.springframework.http.ResponseCookie;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;

class CookieSecurityTest {
    private static MockServerHttpRequest request(String scheme, String... names) {
        MockServerHttpRequest.BaseBuilder<?> request =
                MockServerHttpRequest.get(scheme + "://sluice.example/api/session");
        for (String name : names) {
            request.cookie(new HttpCookie(name, "from " + name));
        }
        return request.build();
    }

    @ParameterizedTest
    @CsvSource({
        "ANY, http, name, false",
        "ANY, https, __Host-name, true",
        "HTTPS_ONLY, http, __Host-name, true",
        "HTTPS_ONLY, https, __Host-name, true"
    })
    void cookieThatIsForHttpsAloneIsOfTheHostAlone(
            CookieSecurity security, String scheme, String name, boolean secure) {
        ResponseCookie cookie = security.cookie(request(scheme), "name", "value", Duration.ofHours(1));

        assertThat(cookie.getName()).isEqualTo(name);
        assertThat(cookie.isSecure()).isEqualTo(secure);
        assertThat(cookie.getPath()).isEqualTo("/");
        assertThat(cookie.getDomain()).isNull();
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "http, name, from name",
                "http, __Host-name, from __Host-name",
                "https, __Host-name, from __Host-name",
                "https, name, -"
            })
    void cookieThatAnotherHostMayHaveSetDoesNotCountOverHttps(String scheme, String brought, @Nullable String value) {
        assertThat(CookieSecurity.value(request(scheme, brought), "name")).isEqualTo(value);
        assertThat(CookieSecurity.value(request(scheme), "name")).isNull();
    }
}
