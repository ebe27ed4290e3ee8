package dev.sluice.gateway.inbound.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RawConnection;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class DrainTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    /** A proxy would send its next request on it, while the gateway closes it. */
    @Test
    void answerThatBeginsWhileTheGatewayShutsDownIsTheLastOfItsConnection() throws IOException {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        byte[] image = Pictures.png(1000);
        try (HostileOrigin origin = HostileOrigin.start()) {
            origin.on("/soon.png", Behaviours.image(image));
            origin.on("/late.png", exchange -> {
                asked.countDown();
                go.await();
                Behaviours.image(image).answer(exchange);
            });
            RunningGateway gateway = RunningGateway.start(origin, Map.of());
            try (RawConnection client = RawConnection.open(gateway.address())) {
                client.send(zip(origin.url("/soon.png")));
                assertThat(client.answer().fields("Connection")).isEmpty();
                client.send(zip(origin.url("/late.png")));
                Await.until(SOON, "the origin is asked", () -> asked.getCount() == 0);

                CompletableFuture<Void> closing = CompletableFuture.runAsync(gateway::close);
                Await.until(SOON, "nobody can connect", () -> !accepts(gateway));
                go.countDown();

                RawConnection.Answer last = client.answer();
                assertThat(last.fields("Connection")).containsExactly("close");
                assertThat(Archives.read(last.body())).containsEntry("late.png", image);
                assertThat(client.isEnded()).isTrue();
                closing.join();
            } finally {
                go.countDown();
                gateway.close();
            }
        }
    }

    private static String zip(String url) {
        String body = "{\"images\":[{\"url\":\"" + url + "\"}]}";
        return "POST /api/zip HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                + body.length() + "\r\n\r\n" + body;
    }

    private static boolean accepts(RunningGateway gateway) {
        try (Socket socket =
                new Socket(gateway.address().getAddress(), gateway.address().getPort())) {
            return socket.isConnected();
        } catch (IOException refused) {
            return false;
        }
    }
}
