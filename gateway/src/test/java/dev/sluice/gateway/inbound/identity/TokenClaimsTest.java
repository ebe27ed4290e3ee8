package dev.sluice.gateway.inbound.identity;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.security.oauth2.jwt.Jwt;

class TokenClaimsTest {

    private static Jwt token(String issuer, Map<String, Object> claims) {
        return Jwt.withTokenValue("token")
                .header("alg", "RS256")
                .issuer(issuer)
                .claims(all -> all.putAll(claims))
                .build();
    }

    private static Jwt token(Map<String, Object> claims) {
        return token("https://issuer.example", claims);
    }

    @Test
    void rolesStandInAClaimOfThatName() {
        Jwt token = token(Map.of("roles", List.of("user"), "groups", List.of("admin")));
        assertThat(new TokenClaims("roles").roles(token)).containsExactly("user");
        assertThat(new TokenClaims("groups").roles(token)).containsExactly("admin");
        assertThat(new TokenClaims("absent").roles(token)).isEmpty();
    }

    @Test
    void rolesMayStandDeeper() {
        Jwt token = token(Map.of(
                "roles", List.of("admin"),
                "resource_access", Map.of("sluice", Map.of("roles", List.of("user")), "other", "text")));
        assertThat(new TokenClaims("resource_access.sluice.roles").roles(token)).containsExactly("user");
        for (String path :
                List.of("resource_access.other.roles", "resource_access.none.roles", "resource_access", ".")) {
            assertThat(new TokenClaims(path).roles(token)).isEmpty();
        }
    }

    @Test
    void nameWithDotsIsANameFirst() {
        Jwt token = token(Map.of("https://app.example/roles", List.of("user")));
        assertThat(new TokenClaims("https://app.example/roles").roles(token)).containsExactly("user");
    }

    @Test
    void otherShapesGrantNothing() {
        assertThat(new TokenClaims("roles").roles(token(Map.of("roles", "admin"))))
                .isEmpty();
        assertThat(new TokenClaims("roles").roles(token(Map.of("roles", List.of(7, "user")))))
                .containsExactly("user");
        assertThat(new TokenClaims("roles").projects(token(Map.of("projects", Map.of("p1", true)))))
                .isEmpty();
    }

    @Test
    void tokensOfDevelopmentHaveTheirRolesWhereTheyAlwaysHad() {
        Jwt token = token(TokenClaims.ISSUER, Map.of("roles", List.of("user"), "groups", List.of("admin")));
        assertThat(new TokenClaims("groups").roles(token)).containsExactly("user");
    }
}
