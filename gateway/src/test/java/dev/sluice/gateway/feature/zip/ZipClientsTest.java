package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RunningGateway;
import dev.sluice.zipstream.BufferBudget;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.json.JsonMapper;

/** Clients that leave, stall and crowd: everything they held comes back. */
@ExtendWith(NoLeaks.class)
class ZipClientsTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final byte[] LARGE = Pictures.png(5_000_000);
    private static final byte[] SMALL = Pictures.png(20_000);

    private HostileOrigin origin;

    @BeforeEach
    void start() {
        origin = HostileOrigin.start()
                .on("/large.png", Behaviours.image(LARGE))
                .on("/small.png", Behaviours.image(SMALL))
                .on("/stalled.png", Behaviours.stalled(1_000_000, 500_000))
                .on("/silent.png", Behaviours.silent());
    }

    @AfterEach
    void stop() {
        origin.close();
    }

    @Test
    void clientThatLeavesBeforeTheFirstByteEndsItsDownloads() throws IOException {
        try (RunningGateway gateway = RunningGateway.start(origin, Map.of())) {
            try (Socket client = ask(gateway, origin.url("/silent.png"), 3)) {
                origin.awaitRequests(3, SOON);
                assertThat(client.isConnected()).isTrue();
            }
            origin.awaitAllClosed(SOON);
            assertEverythingIsFree(gateway);
        }
    }

    @Test
    void clientThatLeavesWhileAnImageArrivesEndsItsDownloads() throws IOException {
        try (RunningGateway gateway = RunningGateway.start(origin, Map.of())) {
            try (Socket client = ask(gateway, origin.url("/stalled.png"), 20)) {
                origin.awaitRequests(3, SOON);
                origin.await(
                        SOON,
                        "half an image is out",
                        () -> origin.connections().stream()
                                .allMatch(connection -> connection.bytesWritten() >= 500_000));
                assertThat(client.isConnected()).isTrue();
            }
            origin.awaitAllClosed(SOON);
            assertEverythingIsFree(gateway);
        }
    }

    @Test
    void clientThatLeavesInTheMiddleOfItsArchiveFreesEverything() throws IOException {
        try (RunningGateway gateway = RunningGateway.start(origin, Map.of())) {
            try (Socket client = ask(gateway, origin.url("/large.png"), 20)) {
                client.getInputStream().readNBytes(3_000_000);
            }
            assertEverythingIsFree(gateway);
        }
    }

    @Test
    void clientThatStopsReadingIsCutOff() throws IOException {
        // So that the images are seen before they are given back.
        try (RunningGateway gateway = RunningGateway.start(origin, Map.of("sluice.inbound.stalled-after", "2s"));
                Socket client = ask(gateway, origin.url("/large.png"), 20)) {
            client.getInputStream().readNBytes(100_000);
            Await.until(SOON, "the reader has its images", () -> !isFree(gateway));

            assertEverythingIsFree(gateway);
        }
    }

    @Test
    void clientsThatDoNotReadLeaveRoomForOneThatDoes() throws IOException {
        Map<String, String> smallMemory = Map.of("sluice.zip.buffer-budget", "16MB", "sluice.zip.spool-budget", "1GB");
        List<Socket> stalled = new ArrayList<>();
        try (RunningGateway gateway = RunningGateway.start(origin, smallMemory)) {
            for (int client = 0; client < 12; client++) {
                stalled.add(ask(gateway, origin.url("/large.png"), 20));
            }
            BufferBudget disk = gateway.bean("imageDisk", BufferBudget.class);
            Await.until(
                    SOON,
                    "all twelve are served and memory did not suffice",
                    () -> origin.requests().size() >= 12 && disk.capacity() - disk.available() >= 5_000_000L);

            HttpResponse<byte[]> answer = gateway.post("/api/zip", request(origin.url("/small.png"), 20));

            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(Archives.read(answer.body())).hasSize(20);
            for (Socket client : stalled) {
                client.close();
            }
            assertEverythingIsFree(gateway);
        }
    }

    @Test
    void requestThatFindsNoRoomIsToldToComeBack() throws IOException {
        Map<String, String> noRoom = Map.of(
                "sluice.zip.buffer-budget", "7MB",
                "sluice.zip.spool-budget", "5MB",
                "sluice.zip.queue-timeout", "200ms");
        try (RunningGateway gateway = RunningGateway.start(origin, noRoom)) {
            try (Socket inMemory = ask(gateway, origin.url("/silent.png"), 1);
                    Socket onDisk = ask(gateway, origin.url("/silent.png"), 1)) {
                origin.awaitRequests(2, SOON);
                assertThat(inMemory.isConnected() && onDisk.isConnected()).isTrue();

                HttpResponse<byte[]> answer = gateway.post("/api/zip", request(origin.url("/small.png"), 1));

                assertThat(answer.statusCode()).isEqualTo(503);
                assertThat(answer.headers().firstValue("Retry-After")).isPresent();
                assertThat(new JsonMapper().readTree(answer.body()).path("code").asString())
                        .isEqualTo("overloaded");
            }
            assertEverythingIsFree(gateway);
            assertThat(gateway.post("/api/zip", request(origin.url("/small.png"), 1))
                            .statusCode())
                    .isEqualTo(200);
        }
    }

    @Test
    void imagesThatWereSpooledAreTheSame() {
        Map<String, String> noMemory = Map.of("sluice.zip.buffer-budget", "5MB", "sluice.zip.spool-after", "0ms");
        try (RunningGateway gateway = RunningGateway.start(origin, noMemory)) {
            HttpResponse<byte[]> answer = gateway.post("/api/zip", request(origin.url("/large.png"), 20));

            SequencedMap<String, byte[]> entries = Archives.read(answer.body());
            assertThat(entries).hasSize(20);
            assertThat(new String(entries.lastEntry().getValue(), StandardCharsets.ISO_8859_1))
                    .doesNotContain("skipped");
            assertThat(entries.values()).allMatch(content -> Arrays.equals(content, LARGE));
            assertEverythingIsFree(gateway);
        }
    }

    private static Socket ask(RunningGateway gateway, String url, int times) throws IOException {
        Socket client = new Socket();
        client.setReceiveBufferSize(16 * 1024);
        client.connect(gateway.address());
        byte[] body = request(url, times).getBytes(StandardCharsets.UTF_8);
        String head = "POST /api/zip HTTP/1.1\r\nHost: sluice\r\nContent-Type: application/json\r\nContent-Length: "
                + body.length + "\r\n\r\n";
        client.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
        client.getOutputStream().write(body);
        return client;
    }

    private static String request(String url, int times) {
        return ZipFaultsTest.request(Collections.nCopies(times, url), "skip");
    }

    private static void assertEverythingIsFree(RunningGateway gateway) {
        Await.until(SOON, "memory and disk are free again", () -> isFree(gateway));
    }

    private static boolean isFree(RunningGateway gateway) {
        return List.of("imageMemory", "imageDisk").stream()
                .map(name -> gateway.bean(name, BufferBudget.class))
                .allMatch(budget -> budget.available() == budget.capacity() && budget.queued() == 0);
    }
}
