package dev.sluice.gateway.outbound.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.Certificate;
import dev.sluice.gateway.testing.EmbeddedRedis;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The whole gateway on a cluster, and on one node by TLS with a private authority. */
@ExtendWith({NoLeaks.class, OutputCaptureExtension.class})
class RedisClusterGatewayTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final int MASTERS = 3;
    private static final int SLOTS = 16_384;

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static List<EmbeddedRedis> cluster() throws IOException {
        List<EmbeddedRedis> nodes = new ArrayList<>();
        List<Integer> buses = new ArrayList<>();
        for (int i = 0; i < MASTERS; i++) {
            buses.add(freePort());
            nodes.add(
                    EmbeddedRedis.start("--cluster-enabled", "yes", "--cluster-port", Integer.toString(buses.get(i))));
        }
        for (int i = 0; i < MASTERS; i++) {
            EmbeddedRedis node = nodes.get(i);
            assertThat(node.command(
                            "CLUSTER ADDSLOTSRANGE " + SLOTS * i / MASTERS + " " + (SLOTS * (i + 1) / MASTERS - 1)))
                    .isEqualTo("+OK");
            assertThat(node.command("CLUSTER SET-CONFIG-EPOCH " + (i + 1))).isEqualTo("+OK");
            if (i > 0) {
                assertThat(node.command("CLUSTER MEET 127.0.0.1 "
                                + nodes.getFirst().address().getPort() + " " + buses.getFirst()))
                        .isEqualTo("+OK");
            }
        }
        // A key of each third: only a cluster that is one answers for all of them.
        for (EmbeddedRedis node : nodes) {
            Await.until(TIMEOUT, "the cluster is one", () -> answers(node));
        }
        return nodes;
    }

    private static boolean answers(EmbeddedRedis node) {
        return List.of("a", "b", "c", "d", "e").stream()
                .map(key -> node.command("GET " + key))
                .noneMatch(answer -> answer.startsWith("-CLUSTERDOWN"));
    }

    private static void awaitHealth(RunningGateway gateway, String status) {
        Await.until(
                TIMEOUT,
                "Redis is " + status,
                () -> redisHealth(gateway).path("status").asString("").equals(status));
    }

    private static void awaitRefusal(RunningGateway gateway, String code) {
        Await.until(
                TIMEOUT,
                code + " is named",
                () -> redisHealth(gateway)
                        .path("details")
                        .path("refusal")
                        .asString("")
                        .equals(code));
    }

    private static JsonNode redisHealth(RunningGateway gateway) {
        return JSON.readTree(gateway.get("/actuator/health").body())
                .path("components")
                .path("redis");
    }

    @Test
    void linksAndLimitsAndHealthWorkOnAClusterWhoseOneSeedIsGone() throws IOException {
        List<EmbeddedRedis> nodes = cluster();
        try (HostileOrigin origin = HostileOrigin.start().on("/a.png", Behaviours.image(Pictures.png(1000)))) {
            String url = "redis://127.0.0.1:" + freePort() + ",127.0.0.1:"
                    + nodes.get(1).address().getPort();
            Map<String, String> settings = Map.of("sluice.redis.url", url);
            try (RunningGateway first = RunningGateway.start(origin, settings);
                    RunningGateway second = RunningGateway.start(origin, settings)) {
                awaitHealth(first, "UP");
                awaitHealth(second, "UP");
                HttpResponse<byte[]> created =
                        first.post("/api/zip/links", "{\"images\":[{\"url\":\"" + origin.url("/a.png") + "\"}]}");
                assertThat(created.statusCode()).isEqualTo(201);
                String link = JSON.readTree(created.body()).path("url").asString();
                assertThat(second.get(link).statusCode()).isEqualTo(200);

                for (EmbeddedRedis node : nodes) {
                    node.kill();
                }
                awaitHealth(first, "DOWN");
            }
        } finally {
            nodes.forEach(EmbeddedRedis::close);
        }
    }

    /** Health asks every master, not only the one that has the slot of links. */
    @Test
    void masterThatStandsStillIsNamedByHealthThoughLinksLieOnAnother() throws IOException {
        List<EmbeddedRedis> nodes = cluster();
        try {
            EmbeddedRedis other = nodes.stream()
                    .filter(node -> node.command("GET {sluice}:health").startsWith("-MOVED"))
                    .findFirst()
                    .orElseThrow();
            String name = "127.0.0.1:" + other.address().getPort();
            String seeds =
                    "redis-cluster://127.0.0.1:" + nodes.getFirst().address().getPort();
            try (RunningGateway gateway = RunningGateway.start(Map.of("sluice.redis.url", seeds))) {
                awaitHealth(gateway, "UP");
                other.pause();
                awaitHealth(gateway, "DOWN");

                Await.until(
                        TIMEOUT,
                        "which one, and for whom",
                        () -> redisHealth(gateway)
                                .path("details")
                                .toString()
                                .contains("\"connections\":[\"limits\"],\"faults\":[\"" + name + ": "));
                other.resume();
                awaitHealth(gateway, "UP");
            }
        } finally {
            nodes.forEach(EmbeddedRedis::close);
        }
    }

    @Test
    void everyMasterThatForgetsCountersIsAWarning(CapturedOutput output) throws IOException {
        List<EmbeddedRedis> nodes = cluster();
        try {
            EmbeddedRedis last = nodes.getLast();
            String url =
                    "redis-cluster://127.0.0.1:" + nodes.getFirst().address().getPort();
            try (RunningGateway gateway = RunningGateway.start(Map.of("sluice.redis.url", url))) {
                awaitHealth(gateway, "UP");
                assertThat(last.command("CONFIG SET maxmemory-policy allkeys-lru"))
                        .isEqualTo("+OK");

                Await.until(TIMEOUT, "the warning, though it works as before", () -> {
                    awaitHealth(gateway, "UP");
                    return output.getOut()
                            .contains("Redis at 127.0.0.1:" + last.address().getPort()
                                    + " forgets counters of limits when its memory is full");
                });
            }
        } finally {
            nodes.forEach(EmbeddedRedis::close);
        }
    }

    /** It answers a PING, and refuses each key that is another node's. */
    @Test
    void nodeOfAClusterThatIsTakenForASingleServerIsToldByHealthAndTheLog(CapturedOutput output) throws IOException {
        List<EmbeddedRedis> nodes = cluster();
        try {
            EmbeddedRedis other = nodes.stream()
                    .filter(node -> node.command("GET {sluice}:health").startsWith("-MOVED"))
                    .findFirst()
                    .orElseThrow();
            try (RunningGateway gateway = RunningGateway.start(Map.of("sluice.redis.url", other.url()))) {
                awaitRefusal(gateway, "MOVED");
                assertThat(redisHealth(gateway).path("status").asString()).isEqualTo("DOWN");
                assertThat(redisHealth(gateway).path("details").path("setting").asString(""))
                        .startsWith("sluice.redis.url (REDIS_URL) names one node of a cluster");
                Await.until(
                        TIMEOUT,
                        "the error in the log",
                        () -> output.getOut().contains("sluice.redis.url (REDIS_URL) names one node of a cluster"));
            }
        } finally {
            nodes.forEach(EmbeddedRedis::close);
        }
    }

    @Test
    void privateAuthorityClientCertificateAndUserAreTaken(@TempDir Path directory) throws IOException {
        Path ca = directory.resolve("server.pem");
        Path serverKey = directory.resolve("server-key.pem");
        Path certificate = directory.resolve("client.pem");
        Path key = directory.resolve("client-key.pem");
        Certificate.forAddress("127.0.0.1").writePem(ca, serverKey);
        Certificate.forNames("gateway.example").writePem(certificate, key);
        int port = freePort();
        try (EmbeddedRedis redis = EmbeddedRedis.start(
                "--tls-port",
                Integer.toString(port),
                "--tls-cert-file",
                ca.toString(),
                "--tls-key-file",
                serverKey.toString(),
                "--tls-ca-cert-file",
                certificate.toString(),
                "--tls-auth-clients",
                "yes")) {
            assertThat(redis.command("ACL SETUSER gateway on >secret ~* &* +@all"))
                    .isEqualTo("+OK");
            String url = "rediss://gateway:secret@127.0.0.1:" + port;
            try (RunningGateway gateway = RunningGateway.start(Map.of(
                    "sluice.redis.url", url,
                    "sluice.redis.ca", ca.toString(),
                    "sluice.redis.certificate", certificate.toString(),
                    "sluice.redis.key", key.toString()))) {
                awaitHealth(gateway, "UP");
                assertThat(redis.command("ACL SETUSER gateway -eval")).isEqualTo("+OK");
                awaitRefusal(gateway, "NOPERM");
            }
            try (RunningGateway stranger =
                    RunningGateway.start(Map.of("sluice.redis.url", url, "sluice.redis.ca", ca.toString()))) {
                awaitHealth(stranger, "DOWN");
            }
        }
    }
}
