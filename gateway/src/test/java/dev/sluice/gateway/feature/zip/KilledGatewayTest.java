package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.GatewayApplication;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.GatewayProcess;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RawConnection;
import dev.sluice.gateway.testing.RawConnection.Answer;
import dev.sluice.gateway.testing.RawConnection.End;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A gateway that dies in the midst of an archive leaves nobody with what looks like a whole one. */
class KilledGatewayTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    @Test
    void archiveOfAKilledGatewayIsReset(@TempDir Path directory) throws IOException {
        try (HostileOrigin origin = HostileOrigin.start()
                        .on("/a.png", Behaviours.image(Pictures.png(30_000)))
                        .on("/silent.png", Behaviours.silent());
                GatewayProcess gateway = GatewayProcess.start(
                        GatewayApplication.class,
                        List.of("-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),
                        Map.of("sluice.fetch.allow-networks", origin.addressAndPort()),
                        directory.resolve("log"))) {
            String body = ZipFaultsTest.request(
                    List.of(origin.url("/a.png"), origin.url("/a.png"), origin.url("/silent.png")), "skip");
            InetSocketAddress address = new InetSocketAddress(
                    InetAddress.getLoopbackAddress(), gateway.uri("/").getPort());
            try (RawConnection connection = RawConnection.open(address)) {
                connection.send(
                        "POST /api/zip HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
                                + body.getBytes(StandardCharsets.UTF_8).length + "\r\n\r\n" + body);
                CompletableFuture<Answer> answer = CompletableFuture.supplyAsync(connection::answerOrFail);
                Await.until(SOON, "most of the first image is there", () -> connection.received() > 20_000);

                ProcessHandle.of(gateway.pid()).orElseThrow().destroyForcibly();

                assertThat(answer.join().end()).isEqualTo(End.RESET);
                assertThat(answer.join().isWithinAChunk()).isTrue();
            }
        }
    }
}
