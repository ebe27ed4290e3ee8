package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RunningGateway;
import dev.sluice.zipstream.BudgetExhaustedException;
import dev.sluice.zipstream.BufferBudget;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Archives that wait for all of their images leave others room on disk. */
@ExtendWith(NoLeaks.class)
class ZipDiskSharesTest {
    private static final int IMAGES = 2; // of a megabyte each, and eight of disk

    private static HostileOrigin origin;
    private static RunningGateway gateway;

    @BeforeAll
    static void start() {
        origin = HostileOrigin.start().on("/a.png", Behaviours.image(Pictures.png(10_000)));
        gateway = RunningGateway.start(
                origin,
                Map.of(
                        "sluice.zip.max-images", "2",
                        "sluice.zip.max-image-size", "1MB",
                        "sluice.zip.spool-budget", "8MB",
                        "sluice.zip.queue-timeout", "200ms"));
    }

    @AfterAll
    static void stop() {
        gateway.close();
        origin.close();
    }

    private static DiskShares reserved(Caller.Kind kind, String id, String address) {
        Caller caller = new Caller(kind, id, Set.of(), Set.of(), address);
        return Objects.requireNonNull(gateway.bean(ZipTools.class)
                .intake()
                .shares(IMAGES, Duration.ZERO)
                .contextWrite(caller::into)
                .block());
    }

    private static HttpRequest.Builder archive() {
        String body = ZipFaultsTest.request(List.of(origin.url("/a.png"), origin.url("/a.png")), "fail");
        return HttpRequest.newBuilder(gateway.uri("/api/zip"))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body));
    }

    @Test
    void archivesOfOneCallerTakeAQuarterOfTheDiskAndOthersHaveTheRest() {
        DiskShares held = reserved(Caller.Kind.ANONYMOUS, "one cookie", "127.0.0.1");

        assertThatThrownBy(() -> reserved(Caller.Kind.ANONYMOUS, "another", "127.0.0.1"))
                .isInstanceOf(BudgetExhaustedException.class);
        HttpResponse<byte[]> sameAddress = gateway.send(archive());
        assertThat(sameAddress.statusCode()).isEqualTo(503);
        assertThat(sameAddress.headers().firstValue("Retry-After")).isPresent();
        HttpResponse<byte[]> signedIn =
                gateway.send(archive().header("Authorization", "Bearer " + gateway.signIn("bob", "user")));
        assertThat(signedIn.statusCode()).isEqualTo(200);

        held.dispose();
        assertThat(gateway.send(archive()).statusCode()).isEqualTo(200);
        BufferBudget disk = gateway.bean("imageDisk", BufferBudget.class);
        origin.await(Duration.ofSeconds(30), "all is free", () -> disk.available() == disk.capacity());
    }
}
