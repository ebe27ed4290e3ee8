package dev.sluice.gateway.inbound.identity;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jwt.JWTClaimsSet;
import dev.sluice.gateway.testing.RunningGateway;
import dev.sluice.gateway.testing.TokenIssuer;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class IdentityTest {
    private TokenIssuer issuer;
    private RunningGateway gateway;

    @BeforeAll
    void start() {
        issuer = TokenIssuer.start();
        gateway = RunningGateway.start(Map.of(
                "sluice.identity.issuer-uri", issuer.uri(),
                "sluice.identity.audience", "sluice",
                "sluice.origins.allowed", "https://app.example"));
    }

    @AfterAll
    void stop() {
        gateway.close();
        issuer.close();
    }

    private JWTClaimsSet.Builder alice() {
        return issuer.claims("alice").audience("sluice");
    }

    private HttpResponse<byte[]> whoAmI(String token) {
        return gateway.send(
                HttpRequest.newBuilder(gateway.uri("/api/session")).header("Authorization", "Bearer " + token));
    }

    private HttpResponse<byte[]> signIn(String body) {
        return gateway.post("/api/session", body);
    }

    private static String text(HttpResponse<byte[]> answer) {
        return new String(answer.body(), StandardCharsets.UTF_8);
    }

    private static String cookie(HttpResponse<byte[]> answer, String name) {
        return answer.headers().allValues("Set-Cookie").stream()
                .filter(line -> line.startsWith(name + "="))
                .findFirst()
                .orElseThrow();
    }

    private static String pair(String setCookie) {
        return setCookie.substring(0, setCookie.indexOf(';'));
    }

    private void refused(String token) {
        HttpResponse<byte[]> answer = whoAmI(token);
        assertThat(answer.statusCode()).isEqualTo(401);
        assertThat(text(answer)).contains("\"code\":\"unauthenticated\"").doesNotContain(token);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        assertThat(answer.headers().firstValue("WWW-Authenticate")).hasValue("Bearer error=\"invalid_token\"");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"user\":\"alice\",\"projects\":[\"\"]} | projects[0]: an empty text (expected: 1 to 64 characters)",
                "{\"user\":\"alice\",\"projects\":[\"p1\",null]} | projects[1]: null (expected: 1 to 64 characters)",
                "{\"user\":\"alice\",\"roles\":[\"user\",\"king\"]} | roles[1]: king (expected: user, admin, super-admin, service)",
                "{\"user\":\" \"} | user: an empty text (expected: 1 to 64 characters)",
                "{\"user\":null} | user: null (expected: 1 to 64 characters)",
            })
    void mistakeInASignInIsNamedWhereItIs(String body, String detail) {
        HttpResponse<byte[]> answer = signIn(body);
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(JsonMapper.shared().readTree(answer.body()).path("detail").asString())
                .isEqualTo(detail);
    }

    @Test
    void tokenOfTheIssuerSaysWhoTheCallerIs() {
        HttpResponse<byte[]> answer = whoAmI(
                issuer.sign(alice().claim("roles", List.of("user", "admin")).claim("projects", List.of("p1"))));
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(text(answer))
                .contains("\"user\":\"alice\"", "\"anonymous\":false", "[\"admin\",\"user\"]", "[\"p1\"]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"at+jwt", "AT+JWT", "application/at+jwt", "JWT"})
    void accessTokensAreTakenByWhateverTypeTheyHave(String type) {
        assertThat(whoAmI(issuer.sign(type, alice())).statusCode()).isEqualTo(200);
        refused(issuer.sign(type, alice().audience("other")));
        refused(issuer.sign(type, alice().expirationTime(null)));
        refused(issuer.sign(type, alice().issuer("https://elsewhere.example")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"dpop+jwt", "secevent+jwt", "logout+jwt", "at+jwt2"})
    void tokensOfAnotherKindAreRefused(String type) {
        refused(issuer.sign(type, alice()));
    }

    @Test
    void forgedTokenIsRefused() {
        refused(issuer.forge(alice()));
    }

    @Test
    void expiredTokenIsRefused() {
        refused(issuer.sign(alice().expirationTime(Date.from(Instant.now().minusSeconds(3600)))));
    }

    @Test
    void tokenThatNeverEndsIsRefused() {
        refused(issuer.sign(alice().expirationTime(null)));
    }

    @Test
    void tokenThatIsNotYetValidIsRefused() {
        refused(issuer.sign(alice().notBeforeTime(Date.from(Instant.now().plusSeconds(3600)))));
    }

    @Test
    void unsignedTokenIsRefused() {
        refused(issuer.unsigned(alice()));
    }

    @Test
    void publicKeyIsNoSharedSecret() {
        refused(issuer.confused(alice()));
    }

    @Test
    void tokenOfAnotherIssuerIsRefused() {
        refused(issuer.sign(alice().issuer("https://elsewhere.example")));
    }

    @Test
    void tokenForAnotherAudienceIsRefused() {
        refused(issuer.sign(alice().audience("other")));
    }

    @Test
    void tokenWithoutAUserIsRefused() {
        String token = issuer.sign(alice().subject(null));
        refused(token);
        // And when it is known already.
        refused(token);
    }

    @Test
    void unknownKeysOfStrangersDoNotKeepTheIssuerBusy() {
        assertThat(whoAmI(issuer.sign(alice())).statusCode()).isEqualTo(200);
        long before = issuer.keyRequests();
        for (int i = 0; i < 40; i++) {
            refused(issuer.signWithUnknownKey(alice(), "made-up-" + i));
        }
        assertThat(issuer.keyRequests() - before).isLessThanOrEqualTo(2);
    }

    @Test
    void garbageIsRefused() {
        refused("no.token.atall");
    }

    @Test
    void forgedTokenIsRefusedAlsoWhereNoneIsNeeded() {
        HttpResponse<byte[]> answer = gateway.send(HttpRequest.newBuilder(gateway.uri("/api/zip"))
                .header("Authorization", "Bearer " + issuer.forge(alice()))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("{}")));
        assertThat(answer.statusCode()).isEqualTo(401);
    }

    @Test
    void rolesOfAnotherShapeGrantNothing() {
        String token = issuer.sign(alice().claim("roles", "admin"));
        assertThat(text(whoAmI(token))).contains("\"roles\":[]");
        assertThat(admin(token).statusCode()).isEqualTo(403);
    }

    private HttpResponse<byte[]> admin(String token) {
        return gateway.send(HttpRequest.newBuilder(gateway.uri("/api/admin/limits/user:bob"))
                .header("Authorization", "Bearer " + token));
    }

    @Test
    void adminRoutesAreForAdmins() {
        assertThat(gateway.get("/api/admin/limits/user:bob").statusCode()).isEqualTo(401);
        HttpResponse<byte[]> user = admin(issuer.sign(alice()));
        assertThat(user.statusCode()).isEqualTo(403);
        assertThat(text(user)).contains("\"code\":\"forbidden\"", "expected: admin");
        assertThat(admin(issuer.sign(alice().claim("roles", List.of("admin")))).statusCode())
                .isEqualTo(200);
    }

    @Test
    void developmentLoginHandsOutATokenAndACookie() {
        HttpResponse<byte[]> answer = signIn("{\"user\":\"carol\",\"roles\":[\"admin\"],\"projects\":[\"p1\"]}");
        assertThat(answer.statusCode()).isEqualTo(200);
        String cookie = cookie(answer, "sluice_session");
        assertThat(cookie).contains("HTTPOnly", "SameSite=Lax", "Path=/", "Max-Age=28800");
        HttpResponse<byte[]> session =
                gateway.send(HttpRequest.newBuilder(gateway.uri("/api/session")).header("Cookie", pair(cookie)));
        assertThat(text(session)).contains("\"user\":\"carol\"", "[\"admin\"]");
        String token = text(answer).replaceAll(".*\"token\":\"([^\"]+)\".*", "$1");
        assertThat(text(whoAmI(token))).contains("\"user\":\"carol\"");
    }

    @Test
    void badSignInNamesTheMember() {
        assertThat(text(signIn("{}"))).contains("\"member\":\"user\"", "malformed_request");
        assertThat(text(signIn("{\"user\":\"x\",\"roles\":[\"root\"]}")))
                .contains("\"member\":\"roles[0]\"", "\"value\":\"root\"", "super-admin");
        assertThat(text(signIn("{\"user\":\"x\",\"projects\":[\"\"]}"))).contains("\"member\":\"projects[0]\"");
        assertThat(signIn("{\"user\":\"x\",\"projects\":[null]}").statusCode()).isEqualTo(400);
        assertThat(signIn("").statusCode()).isEqualTo(400);
    }

    @Test
    void signingOutTakesTheCookieAwayAlsoWhenItHasExpired() {
        HttpResponse<byte[]> answer = gateway.send(HttpRequest.newBuilder(gateway.uri("/api/session"))
                .header("Cookie", "sluice_session=stale.stale.stale")
                .header("Origin", "https://app.example")
                .DELETE());
        assertThat(answer.statusCode()).isEqualTo(204);
        assertThat(cookie(answer, "sluice_session"))
                .startsWith("sluice_session=;")
                .contains("Max-Age=0");
    }

    @Test
    void expiredCookieIsA401ThatLeadsBackToTheLogin() {
        HttpResponse<byte[]> answer = gateway.send(HttpRequest.newBuilder(gateway.uri("/api/session"))
                .header("Cookie", "sluice_session=stale.stale.stale"));
        assertThat(answer.statusCode()).isEqualTo(401);
    }

    @Test
    void whoHasNoTokenIsKnownByASignedCookie() {
        HttpResponse<byte[]> first = gateway.get("/api/session");
        assertThat(text(first)).contains("\"anonymous\":true", "\"user\":null");
        String cookie = cookie(first, "sluice_anon");
        assertThat(cookie).contains("HTTPOnly", "SameSite=Lax");
        HttpResponse<byte[]> known =
                gateway.send(HttpRequest.newBuilder(gateway.uri("/api/session")).header("Cookie", pair(cookie)));
        assertThat(known.headers().allValues("Set-Cookie")).isEmpty();
    }

    @Test
    void cookieThatNobodySignedIsReplaced() {
        HttpResponse<byte[]> answer = gateway.send(HttpRequest.newBuilder(gateway.uri("/api/session"))
                .header("Cookie", "sluice_anon=AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA"));
        assertThat(cookie(answer, "sluice_anon")).doesNotContain("AAAAAAAAAAAAAAAAAAAAAA");
    }

    @Test
    void oddRequestsAreProblemsToo() {
        HttpResponse<byte[]> answer = gateway.get("/api//zip/%2e%2e/session;x=1");
        assertThat(answer.statusCode()).isIn(400, 404);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
    }

    @Test
    void withoutAnonymousAccessATokenIsNeeded() {
        try (RunningGateway closed = RunningGateway.start(Map.of("sluice.access.anonymous", "false"))) {
            HttpResponse<byte[]> answer = closed.post("/api/zip", "{}");
            assertThat(answer.statusCode()).isEqualTo(401);
            assertThat(answer.headers().firstValue("WWW-Authenticate")).hasValue("Bearer");
            assertThat(answer.headers().allValues("Set-Cookie")).isEmpty();
        }
    }

    @Test
    void issuerWhoseKeysCannotBeHadIsNotTheCallersFault() {
        String token;
        String keys;
        try (TokenIssuer gone = TokenIssuer.start()) {
            token = gone.sign(gone.claims("alice"));
            keys = gone.uri() + "/keys";
        }
        try (RunningGateway without = RunningGateway.start(
                Map.of("sluice.identity.jwk-set-uri", keys, "sluice.identity.development-login", "false"))) {
            HttpResponse<byte[]> answer = without.send(
                    HttpRequest.newBuilder(without.uri("/api/session")).header("Authorization", "Bearer " + token));
            assertThat(answer.statusCode()).isEqualTo(502);
            assertThat(text(answer)).contains("upstream_failed").doesNotContain(keys);
        }
    }
}
