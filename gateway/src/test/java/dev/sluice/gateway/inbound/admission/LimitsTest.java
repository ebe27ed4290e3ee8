package dev.sluice.gateway.inbound.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.contract.SigningSecret;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.Closeable;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a limited caller meets, with limits that this process counts alone. */
@ExtendWith(NoLeaks.class)
class LimitsTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String NO_IMAGES = "{\"images\":[]}";
    /** So that no token comes back meanwhile, however long a busy machine takes for a few requests. */
    private static final String SLOW_REFILL = "1h";

    private HostileOrigin origin;

    @BeforeEach
    void start() {
        origin = HostileOrigin.start()
                .on("/a.png", Behaviours.image(Pictures.png(1_000)))
                .on("/silent.png", Behaviours.silent());
    }

    @AfterEach
    void stop() {
        origin.close();
    }

    /** Closed before the gateway, which ends at once then: it waits for what it still answers. */
    private static final class OpenSockets implements Closeable {
        private final List<Socket> all = new ArrayList<>();

        void add(Socket socket) {
            all.add(socket);
        }

        @Override
        public void close() throws IOException {
            for (Socket socket : all) {
                socket.close();
            }
        }
    }

    private RunningGateway limited(String... settings) {
        Map<String, String> all = new HashMap<>();
        all.put("sluice.limits.enabled", "true");
        all.put("sluice.pictures.decoder", "in-process"); // starts sooner
        for (int i = 0; i < settings.length; i += 2) {
            all.put(settings[i], settings[i + 1]);
        }
        return RunningGateway.start(origin, all);
    }

    private static String text(HttpResponse<byte[]> answer) {
        return new String(answer.body(), StandardCharsets.UTF_8);
    }

    private String images(String path) {
        return "{\"images\":[{\"url\":\"" + origin.url(path) + "\"}]}";
    }

    private static HttpResponse<byte[]> as(RunningGateway gateway, String token, String path, String body) {
        return gateway.send(HttpRequest.newBuilder(gateway.uri(path))
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body)));
    }

    private static String token(RunningGateway gateway, String user, String role) {
        String body = text(gateway.post("/api/session", "{\"user\":\"" + user + "\",\"roles\":[\"" + role + "\"]}"));
        return body.replaceAll(".*\"token\":\"([^\"]+)\".*", "$1");
    }

    @Test
    void quickCallsOverTheBurstAreRefusedWithEverythingAClientNeeds() {
        try (RunningGateway gateway = limited()) {
            long start = System.nanoTime();
            HttpResponse<byte[]> first = gateway.post("/api/zip", NO_IMAGES);
            assertThat(first.statusCode()).isEqualTo(400);
            assertThat(first.headers().firstValue("RateLimit-Policy"))
                    .hasValue("\"ip\";q=10;w=20, \"user\";q=120;w=60, \"zip-slots\";q=2;qu=\"concurrent-requests\","
                            + " \"anonymous-slots\";q=6;qu=\"concurrent-requests\", \"zip-bytes\";q=10737418240;w=3600,"
                            + " \"anonymous-bytes\";q=32212254720;w=3600");
            assertThat(first.headers().firstValue("RateLimit"))
                    .hasValueSatisfying(field -> assertThat(field).contains("\"ip\";r=9;t=", "\"user\";r=119;t="));

            HttpResponse<byte[]> refused = null;
            for (int call = 2; call <= 40; call++) {
                refused = gateway.post("/api/zip", NO_IMAGES);
            }
            assertThat(refused).isNotNull();
            // One request in two seconds comes back, perhaps just for the last of them.
            for (int more = 0; refused.statusCode() == 400; more++) {
                assertThat(Duration.ofSeconds(2L * more))
                        .isLessThanOrEqualTo(Duration.ofNanos(System.nanoTime() - start));
                refused = gateway.post("/api/zip", NO_IMAGES);
            }
            assertThat(refused.statusCode()).isEqualTo(429);
            assertThat(refused.headers().firstValue("Content-Type")).hasValue("application/problem+json");
            assertThat(text(refused))
                    .contains("\"code\":\"rate_limited\"", "\"error\":\"rate_limited\"", "\"limit\":\"ip\"");
            long retryAfter = refused.headers().firstValueAsLong("Retry-After").orElseThrow();
            assertThat(retryAfter).isBetween(1L, 20L);
            assertThat(refused.headers().firstValue("X-RateLimit-Limit")).hasValue("10");
            assertThat(refused.headers().firstValue("X-RateLimit-Remaining")).hasValue("0");
            assertThat(refused.headers().firstValueAsLong("X-RateLimit-Reset")).isPresent();
            assertThat(refused.headers().firstValue("RateLimit"))
                    .hasValueSatisfying(field -> assertThat(field).contains("\"ip\";r=0;t="));
        }
    }

    @Test
    void spoofedAddressChangesNothing() {
        try (RunningGateway gateway = limited(
                "sluice.limits.definitions.ip.burst", "3", "sluice.limits.definitions.ip.period", SLOW_REFILL)) {
            for (int call = 1; call <= 3; call++) {
                assertThat(spoofed(gateway, call).statusCode()).isEqualTo(400);
            }
            assertThat(spoofed(gateway, 4).statusCode()).isEqualTo(429);
        }
    }

    @Test
    void addressThatATrustedProxyTellsIsCountedByItself() {
        try (RunningGateway gateway = limited(
                "sluice.limits.definitions.ip.burst", "1",
                "sluice.limits.definitions.ip.period", SLOW_REFILL,
                "sluice.trusted-proxies", "127.0.0.1")) {
            assertThat(spoofed(gateway, 1).statusCode()).isEqualTo(400);
            assertThat(spoofed(gateway, 2).statusCode()).isEqualTo(400);
            assertThat(spoofed(gateway, 1).statusCode()).isEqualTo(429);
        }
    }

    @Test
    void whoSignedInIsNotCountedByAddress() {
        try (RunningGateway gateway = limited(
                "sluice.limits.definitions.ip.burst", "1", "sluice.limits.definitions.ip.period", SLOW_REFILL)) {
            assertThat(gateway.post("/api/zip", NO_IMAGES).statusCode()).isEqualTo(400);
            assertThat(gateway.post("/api/zip", NO_IMAGES).statusCode()).isEqualTo(429);
            String alice = token(gateway, "alice", "user");
            for (int call = 1; call <= 20; call++) {
                HttpResponse<byte[]> answer = as(gateway, alice, "/api/zip", NO_IMAGES);
                assertThat(answer.statusCode()).isEqualTo(400);
                assertThat(answer.headers().firstValue("RateLimit").orElseThrow())
                        .doesNotContain("\"ip\"");
            }
        }
    }

    private static HttpResponse<byte[]> spoofed(RunningGateway gateway, int host) {
        return gateway.send(HttpRequest.newBuilder(gateway.uri("/api/zip"))
                .header("X-Forwarded-For", "203.0.113." + host)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(NO_IMAGES)));
    }

    @Test
    void callersAreCountedEachByThemselves() {
        try (RunningGateway gateway = limited(
                "sluice.limits.definitions.user.burst", "1", "sluice.limits.definitions.user.period", SLOW_REFILL)) {
            String alice = token(gateway, "alice", "user");
            String bob = token(gateway, "bob", "user");
            assertThat(as(gateway, alice, "/api/zip", NO_IMAGES).statusCode()).isEqualTo(400);
            HttpResponse<byte[]> again = as(gateway, alice, "/api/zip", NO_IMAGES);
            assertThat(again.statusCode()).isEqualTo(429);
            assertThat(text(again)).contains("\"limit\":\"user\"");
            assertThat(as(gateway, bob, "/api/zip", NO_IMAGES).statusCode()).isEqualTo(400);
        }
    }

    @Test
    void thirdArchiveAtOnceIsRefusedAndASlotComesBackWhenAClientLeaves() throws IOException {
        try (RunningGateway gateway = limited()) {
            try (Socket one = ask(gateway);
                    Socket other = ask(gateway)) {
                assertThat(one.isConnected() && other.isConnected()).isTrue();
                origin.awaitRequests(2, SOON);
                HttpResponse<byte[]> third = gateway.post("/api/zip", images("/a.png"));
                assertThat(third.statusCode()).isEqualTo(429);
                assertThat(text(third)).contains("\"code\":\"too_many_concurrent\"", "\"limit\":\"zip-slots\"");
                assertThat(third.headers().firstValueAsLong("Retry-After")).isPresent();
            }
            origin.awaitAllClosed(SOON);
            Await.until(SOON, "a free slot", () -> slotsLeft(gateway) == 2);
            assertThat(gateway.post("/api/zip", images("/a.png")).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void slotIsHeldForAsLongAsItsArchiveTakes() throws IOException {
        try (RunningGateway gateway = limited(
                        "sluice.limits.definitions.zip-slots.units", "1",
                        "sluice.limits.definitions.zip-slots.period", "2s",
                        "sluice.limits.definitions.ip.burst", "100000",
                        "sluice.limits.definitions.user.burst", "100000");
                Socket client = ask(gateway)) {
            assertThat(client.isConnected()).isTrue();
            origin.awaitRequests(1, SOON);
            // More than two leases: without renewal the slot would be free by then. It is due at each third of one, and
            // may be later by the other two where the machine is busy.
            long until = System.nanoTime() + Duration.ofSeconds(5).toNanos();
            while (System.nanoTime() < until) {
                assertThat(gateway.post("/api/zip", images("/a.png")).statusCode())
                        .isEqualTo(429);
            }
        }
    }

    @Test
    void cookiesOfOneAddressShareItsSlotsAndASignedInCallerHasItsOwn() throws IOException {
        try (RunningGateway gateway = limited(
                        "sluice.limits.definitions.anonymous-slots.units", "3",
                        "sluice.limits.definitions.ip.burst", "1000");
                OpenSockets open = new OpenSockets()) {
            for (int archive = 1; archive <= 3; archive++) {
                open.add(ask(gateway, "Cookie: " + cookie(gateway)));
                origin.awaitRequests(archive, SOON);
            }

            HttpResponse<byte[]> another = gateway.send(HttpRequest.newBuilder(gateway.uri("/api/zip"))
                    .header("Cookie", cookie(gateway))
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofString(images("/a.png"))));
            assertThat(another.statusCode()).isEqualTo(429);
            assertThat(text(another)).contains("\"limit\":\"anonymous-slots\"");
            HttpResponse<byte[]> alice = as(gateway, token(gateway, "alice", "user"), "/api/zip", images("/a.png"));
            assertThat(alice.statusCode()).isEqualTo(200);
            assertThat(alice.headers().firstValue("RateLimit-Policy").orElse(""))
                    .doesNotContain("anonymous");
        }
    }

    @Test
    void cookiesOfOneAddressShareTheImagesThatItIsShown() {
        try (RunningGateway gateway = limited(
                "sluice.limits.definitions.anonymous-images.units", "3",
                "sluice.limits.definitions.ip.burst", "1000")) {
            String alice = token(gateway, "alice", "user");
            String signed = text(as(
                            gateway, alice, "/api/image-proxy/urls", "{\"urls\":[\"" + origin.url("/a.png") + "\"]}"))
                    .replaceAll(".*\"proxyUrl\":\"([^\"]+)\".*", "$1");
            for (int image = 1; image <= 3; image++) {
                assertThat(shown(gateway, signed, "Cookie", cookie(gateway)).statusCode())
                        .isEqualTo(200);
            }

            HttpResponse<byte[]> another = shown(gateway, signed, "Cookie", cookie(gateway));
            assertThat(another.statusCode()).isEqualTo(429);
            assertThat(text(another)).contains("\"limit\":\"anonymous-images\"");
            assertThat(shown(gateway, signed, "Authorization", "Bearer " + alice)
                            .statusCode())
                    .isEqualTo(200);
        }
    }

    private static HttpResponse<byte[]> shown(RunningGateway gateway, String path, String field, String value) {
        return gateway.send(HttpRequest.newBuilder(gateway.uri(path)).header(field, value));
    }

    @Test
    void listenersOfOneCallerAreSoManyAtOnceWhateverTheirLinks() throws IOException {
        try (RunningGateway gateway = limited(
                        "sluice.limits.definitions.event-slots.units", "2",
                        "sluice.limits.definitions.ip.burst", "1000");
                OpenSockets open = new OpenSockets()) {
            for (int listener = 1; listener <= 2; listener++) {
                open.add(listen(gateway, eventsUrl(gateway)));
            }

            HttpResponse<byte[]> another = gateway.send(HttpRequest.newBuilder(gateway.uri(eventsUrl(gateway))));
            assertThat(another.statusCode()).isEqualTo(429);
            assertThat(text(another)).contains("\"limit\":\"event-slots\"");
        }
    }

    private String eventsUrl(RunningGateway gateway) {
        return text(gateway.post("/api/zip/links", images("/a.png")))
                .replaceAll(".*\"eventsUrl\":\"([^\"]+)\".*", "$1");
    }

    /** Returns when the answer has begun. */
    private static Socket listen(RunningGateway gateway, String path) throws IOException {
        Socket socket =
                new Socket(gateway.address().getAddress(), gateway.address().getPort());
        socket.setSoTimeout((int) SOON.toMillis());
        socket.getOutputStream()
                .write(("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        assertThat(new String(socket.getInputStream().readNBytes(15), StandardCharsets.US_ASCII))
                .isEqualTo("HTTP/1.1 200 OK");
        return socket;
    }

    /** One more name for a caller who has shown no token. */
    private static String cookie(RunningGateway gateway) {
        HttpResponse<byte[]> answer =
                gateway.post("/api/zip/links", "{\"images\":[{\"url\":\"https://example.com/a.png\"}]}");
        return answer.headers().firstValue("Set-Cookie").orElseThrow().replaceAll(";.*", "");
    }

    private Socket ask(RunningGateway gateway, String... fields) throws IOException {
        Socket socket =
                new Socket(gateway.address().getAddress(), gateway.address().getPort());
        byte[] body = images("/silent.png").getBytes(StandardCharsets.UTF_8);
        String head = "POST /api/zip HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
                + body.length + "\r\n"
                + Stream.of(fields).map(field -> field + "\r\n").collect(Collectors.joining())
                + "\r\n";
        socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().write(body);
        return socket;
    }

    /** Asked as an admin, whose own requests are counted elsewhere. */
    private static long slotsLeft(RunningGateway gateway) {
        return left(gateway, "ip:" + addressHash(gateway), "zip-slots");
    }

    private static String addressHash(RunningGateway gateway) {
        SigningSecret secret = gateway.bean(SigningSecret.class);
        byte[] mac = secret.keyFor("address-hash").mac("127.0.0.1");
        return HexFormat.of().formatHex(mac, 0, 12);
    }

    private static long left(RunningGateway gateway, String subject, String limit) {
        HttpResponse<byte[]> answer = gateway.send(HttpRequest.newBuilder(gateway.uri("/api/admin/limits/" + subject))
                .header("X-Forwarded-For", "203.0.113.200")
                .header("Authorization", "Bearer " + token(gateway, "root", "admin")));
        assertThat(answer.statusCode()).as(text(answer)).isEqualTo(200);
        String found = text(answer).replaceAll(".*\"limit\":\"" + limit + "\"[^}]*\"remaining\":(\\d+).*", "$1");
        return Long.parseLong(found);
    }

    @Test
    void bytesThatWereFetchedAreChargedWhereTheyAreMoreThanWereSent() {
        origin.on("/huge.png", exchange -> {
            exchange.head(200, "Content-Type: image/png", "Connection: close");
            exchange.write(Pictures.png(300_000));
        });
        try (RunningGateway gateway = limited(
                "sluice.zip.max-image-size", "200KB",
                "sluice.limits.definitions.ip.burst", "1000",
                "sluice.limits.definitions.zip-bytes.units", "1000000",
                "sluice.limits.definitions.zip-bytes.reserve", "600000")) {
            String alice = token(gateway, "alice", "user");
            HttpResponse<byte[]> archive = as(gateway, alice, "/api/zip", images("/huge.png"));

            assertThat(archive.statusCode()).isEqualTo(502);
            assertThat(left(gateway, "user:alice", "zip-bytes")).isLessThan(1_000_000 - 150_000);
        }
    }

    @Test
    void bytesAreReservedAndSettledToWhatWasSent() {
        try (RunningGateway gateway = limited(
                "sluice.limits.definitions.ip.burst", "1000",
                "sluice.limits.definitions.zip-bytes.units", "1000000",
                "sluice.limits.definitions.zip-bytes.reserve", "600000")) {
            String alice = token(gateway, "alice", "user");
            HttpResponse<byte[]> archive = as(gateway, alice, "/api/zip", images("/a.png"));
            assertThat(archive.statusCode()).isEqualTo(200);
            assertThat(left(gateway, "user:alice", "zip-bytes")).isEqualTo(1_000_000 - archive.body().length);
            HttpResponse<byte[]> malformed = as(gateway, alice, "/api/zip", NO_IMAGES);
            assertThat(malformed.statusCode()).isEqualTo(400);
            assertThat(left(gateway, "user:alice", "zip-bytes"))
                    .as("a refusal is no archive")
                    .isEqualTo(1_000_000 - archive.body().length);
        }
    }

    @Test
    void adminSeesAndResetsOneSubjectAlone() {
        try (RunningGateway gateway = limited(
                "sluice.limits.definitions.ip.burst",
                "1000",
                "sluice.limits.definitions.user.units",
                "2",
                "sluice.limits.definitions.user.burst",
                "2")) {
            String alice = token(gateway, "alice", "user");
            String bob = token(gateway, "bob", "user");
            for (int call = 1; call <= 2; call++) {
                as(gateway, alice, "/api/zip", NO_IMAGES);
                as(gateway, bob, "/api/zip", NO_IMAGES);
            }
            assertThat(as(gateway, alice, "/api/zip", NO_IMAGES).statusCode()).isEqualTo(429);
            assertThat(left(gateway, "user:alice", "user")).isZero();
            HttpResponse<byte[]> reset =
                    gateway.send(HttpRequest.newBuilder(gateway.uri("/api/admin/limits/user:alice"))
                            .header("Authorization", "Bearer " + token(gateway, "warden", "admin"))
                            .DELETE());
            assertThat(reset.statusCode()).isEqualTo(204);
            assertThat(reset(gateway, "user:bob?limit=zip-bytes").statusCode()).isEqualTo(204);
            HttpResponse<byte[]> unknown = reset(gateway, "user:bob?limit=nonsense");
            assertThat(unknown.statusCode()).isEqualTo(400);
            assertThat(text(unknown)).contains("\"member\":\"limit\"", "\"value\":\"nonsense\"");
            assertThat(as(gateway, alice, "/api/zip", NO_IMAGES).statusCode()).isEqualTo(400);
            assertThat(as(gateway, bob, "/api/zip", NO_IMAGES).statusCode()).isEqualTo(429);
        }
    }

    private static HttpResponse<byte[]> reset(RunningGateway gateway, String subject) {
        return gateway.send(HttpRequest.newBuilder(gateway.uri("/api/admin/limits/" + subject))
                .header("Authorization", "Bearer " + token(gateway, "keeper", "admin"))
                .DELETE());
    }

    @Test
    void subjectOfNoKnownKindIsNamed() {
        try (RunningGateway gateway = limited()) {
            HttpResponse<byte[]> answer = gateway.send(HttpRequest.newBuilder(gateway.uri("/api/admin/limits/alice"))
                    .header("Authorization", "Bearer " + token(gateway, "root", "super-admin")));
            assertThat(answer.statusCode()).isEqualTo(400);
            assertThat(text(answer)).contains("\"member\":\"subject\"", "\"value\":\"alice\"");
        }
    }

    @Test
    void callerSeesItsOwnLimits() {
        try (RunningGateway gateway = limited("sluice.limits.definitions.user.period", SLOW_REFILL)) {
            String alice = token(gateway, "alice", "user");
            as(gateway, alice, "/api/zip", NO_IMAGES);
            HttpResponse<byte[]> session = gateway.send(
                    HttpRequest.newBuilder(gateway.uri("/api/session")).header("Authorization", "Bearer " + alice));
            assertThat(text(session))
                    .contains("\"limit\":\"user\",\"capacity\":120,\"remaining\":118", "\"limit\":\"ai-day\"")
                    .doesNotContain("ai-hour");
        }
    }

    @Test
    void limitInShadowOnlyCounts() {
        try (RunningGateway gateway = limited(
                "sluice.limits.definitions.ip.burst", "1",
                "sluice.limits.definitions.ip.period", SLOW_REFILL,
                "sluice.limits.definitions.ip.shadow", "true")) {
            for (int call = 1; call <= 5; call++) {
                assertThat(gateway.post("/api/zip", NO_IMAGES).statusCode()).isEqualTo(400);
            }
            assertThat(text(gateway.get("/actuator/prometheus")))
                    .containsPattern("sluice_limits_would_refuse_total\\{limit=\"ip\",policy=\"archive\"[^}]*} 4");
        }
    }

    @Test
    void publicRoutesAndOperationsAreNotCounted() {
        try (RunningGateway gateway = limited("sluice.limits.definitions.ip.burst", "1")) {
            for (int call = 1; call <= 5; call++) {
                assertThat(gateway.get("/actuator/health").statusCode()).isEqualTo(200);
                assertThat(gateway.get("/nowhere").statusCode()).isEqualTo(404);
            }
            assertThat(gateway.post("/api/zip", NO_IMAGES).statusCode()).isEqualTo(400);
        }
    }

    @Test
    void limitsThatAreOffLimitNothing() {
        try (RunningGateway gateway =
                limited("sluice.limits.enabled", "false", "sluice.limits.definitions.ip.burst", "1")) {
            for (int call = 1; call <= 5; call++) {
                HttpResponse<byte[]> answer = gateway.post("/api/zip", NO_IMAGES);
                assertThat(answer.statusCode()).isEqualTo(400);
                assertThat(answer.headers().firstValue("RateLimit")).isEmpty();
            }
        }
    }

    @Test
    void routeWithoutAPolicyKeepsTheGatewayFromStarting() {
        assertThatThrownBy(() -> limited("sluice.limits.policies.archive.routes", "zip.create")
                        .close())
                .rootCause()
                .hasMessageContaining("no policy names the routes [zip.base64, zip.download]");
    }

    @Test
    void unknownLimitInAPolicyIsNamed() {
        assertThatThrownBy(() -> limited("sluice.limits.policies.archive.limits", "ip, nonsense")
                        .close())
                .rootCause()
                .hasMessageContaining("sluice.limits.policies.archive.limits: nonsense (expected: one of");
    }
}
