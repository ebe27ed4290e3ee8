package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RawConnection;
import dev.sluice.gateway.testing.RawConnection.End;
import dev.sluice.gateway.testing.RunningGateway;
import dev.sluice.zipstream.BufferBudget;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Whoever does not read its archive keeps nobody else from theirs. */
@ExtendWith(NoLeaks.class)
class ZipReadersTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final byte[] LARGE = Pictures.png(1_000_000);

    /** Room for one image in memory and for one on disk. */
    private static RunningGateway crowded(HostileOrigin origin) {
        return RunningGateway.start(
                origin,
                Map.of(
                        "sluice.zip.max-image-size", "1MB",
                        "sluice.zip.buffer-budget", "1MB",
                        "sluice.zip.spool-budget", "1MB",
                        "sluice.zip.reader-window", "500ms",
                        // Longer than three looks at a connection, and shorter than a stalled client's time.
                        "sluice.zip.queue-timeout", "20s",
                        "sluice.inbound.stalled-after", "30s"));
    }

    /** The room is used, and nothing has been fetched into it for many looks: the reader takes no more. */
    private static final class Standstill {
        private static final int LOOKS = 50;

        private final HostileOrigin origin;
        private final RunningGateway gateway;
        private final String budget;
        private int fetched;
        private int looks;

        Standstill(HostileOrigin origin, RunningGateway gateway, String budget) {
            this.origin = origin;
            this.gateway = gateway;
            this.budget = budget;
        }

        boolean isReached() {
            int now = origin.requests().size();
            boolean stands = now == fetched && isUsed(gateway, budget);
            looks = stands ? looks + 1 : 0;
            fetched = now;
            return looks >= LOOKS;
        }
    }

    private static boolean isUsed(RunningGateway gateway, String budget) {
        return gateway.bean(budget, BufferBudget.class).available() < LARGE.length / 2;
    }

    /** Whoever asks for so many images and reads none of them holds room for one or two. */
    private static RawConnection idle(RunningGateway gateway, HostileOrigin origin) throws IOException {
        return asking(gateway, Collections.nCopies(20, origin.url("/large.png")));
    }

    private static RawConnection asking(RunningGateway gateway, List<String> urls) throws IOException {
        String body = ZipFaultsTest.request(urls, "skip");
        RawConnection connection = RawConnection.open(gateway.address());
        connection.send("POST /api/zip HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
                + body.getBytes(StandardCharsets.UTF_8).length + "\r\n\r\n" + body);
        return connection;
    }

    @Test
    void readerThatHoldsUpOthersIsCutOffAndTheyGetTheirs() throws IOException {
        try (HostileOrigin origin = HostileOrigin.start().on("/large.png", Behaviours.image(LARGE));
                RunningGateway gateway = crowded(origin);
                RawConnection first = idle(gateway, origin);
                RawConnection second = idle(gateway, origin);
                RawConnection third = idle(gateway, origin)) {
            Await.until(SOON, "the disk is held", new Standstill(origin, gateway, "imageDisk")::isReached);

            HttpResponse<byte[]> other =
                    gateway.post("/api/zip", ZipFaultsTest.request(List.of(origin.url("/large.png")), "fail"));

            assertThat(other.statusCode()).isEqualTo(200);
            assertThat(other.body()).hasSizeGreaterThan(LARGE.length);
            assertThat(List.of(
                            first.answer().end(),
                            second.answer().end(),
                            third.answer().end()))
                    .contains(End.RESET);
        }
    }

    /** Else archives could hold all room for images that are not their next, and wait for each other. */
    @Test
    void imageThatIsFetchedAheadLeavesRoomForOneMore() throws IOException {
        try (HostileOrigin origin = HostileOrigin.start()
                        .on("/silent.png", Behaviours.silent())
                        .on("/ahead.png", Behaviours.image(LARGE))
                        .on("/large.png", Behaviours.image(LARGE));
                RunningGateway gateway = roomForTwo(origin);
                RawConnection _ = asking(gateway, List.of(origin.url("/silent.png"), origin.url("/ahead.png")))) {
            origin.awaitRequests(1, SOON);

            HttpResponse<byte[]> other =
                    gateway.post("/api/zip", ZipFaultsTest.request(List.of(origin.url("/large.png")), "fail"));

            assertThat(other.statusCode()).isEqualTo(200);
            assertThat(origin.requests("/silent.png")).isEqualTo(1);
            assertThat(origin.requests("/ahead.png")).isZero();
        }
    }

    private static RunningGateway roomForTwo(HostileOrigin origin) {
        return RunningGateway.start(
                origin,
                Map.of(
                        "sluice.zip.max-image-size", "1MB",
                        "sluice.zip.buffer-budget", "3MB",
                        "sluice.zip.spool-budget", "1MB"));
    }
}
