package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** Clients that leave while a file is sent to them. */
@ExtendWith({OutputCaptureExtension.class, NoLeaks.class})
class LeavingClientTest {

    @Test
    void clientThatLeavesAFileHalfWayIsNoFaultOfTheGateway(CapturedOutput output) throws IOException {
        byte[] png = Drawn.noise(1500, 1500); // more than all buffers on the way hold
        try (HostileOrigin origin = HostileOrigin.start().on("/a.png", Behaviours.image(png));
                RunningGateway gateway = RunningGateway.start(origin, Map.of("logging.level.dev.sluice", "info"))) {
            GalleryClient alice = GalleryClient.alice(gateway::uri);
            String file = alice.imported(origin.url("/a.png")) + "/file";

            try (Socket client =
                    new Socket(gateway.address().getAddress(), gateway.address().getPort())) {
                client.setSoLinger(true, 0);
                client.getOutputStream()
                        .write(("GET " + file + " HTTP/1.1\r\nHost: x\r\nX-Request-Id: left-a-file\r\n"
                                        + "Authorization: Bearer " + alice.token() + "\r\n\r\n")
                                .getBytes(StandardCharsets.US_ASCII));
                assertThat(client.getInputStream().readNBytes(100_000))
                        .startsWith("HTTP/1.1 200".getBytes(StandardCharsets.US_ASCII));
            }

            Await.until(
                    GalleryClient.SOON,
                    "its line",
                    () -> output.getOut().contains("caller=user:alice requestId=left-a-file"));
            assertThat(output.getOut())
                    .contains("the client left requestId=left-a-file")
                    .containsPattern("/file 499 0 bytes .*requestId=left-a-file")
                    .doesNotContain("failed requestId=left-a-file");
            assertThat(alice.get(file).body()).isEqualTo(png);
        }
    }
}
