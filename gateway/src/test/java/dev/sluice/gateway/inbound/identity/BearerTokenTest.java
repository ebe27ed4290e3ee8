package dev.sluice.gateway.inbound.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.http.HttpHeaders;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.security.oauth2.jwt.BadJwtException;

class BearerTokenTest {
    @ParameterizedTest
    @CsvSource({
        "Bearer eyJh.eyJz.-_x,            eyJh.eyJz.-_x",
        "bearer a,                        a",
        "BEARER AZaz09-._~+/==,           AZaz09-._~+/==",
    })
    void tokenIsWhatFollowsTheScheme(String field, String token) {
        assertThat(of(field)).isEqualTo(token);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Bearer",
                "Bearer ",
                "Bearer  a",
                "Bearer a b",
                "Bearer a,b",
                "Bearer ==",
                "Bearer a=b",
                "Bearer ä",
                "Bearer a ",
                "Bearertoken"
            })
    void fieldOfThisSchemeWithoutATokenIsRefused(String field) {
        assertThatThrownBy(() -> of(field)).isInstanceOf(BadJwtException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Basic YTpi", "Bear", ""})
    void fieldsOfOtherSchemesHoldNone(String field) {
        assertThat(of(field)).isNull();
    }

    @Test
    void requestWithoutTheFieldHasNone() {
        assertThat(BearerToken.of(MockServerHttpRequest.get("/api/session").build()))
                .isNull();
    }

    private static @Nullable String of(String field) {
        return BearerToken.of(MockServerHttpRequest.get("/api/session")
                .header(HttpHeaders.AUTHORIZATION, field)
                .build());
    }
}
