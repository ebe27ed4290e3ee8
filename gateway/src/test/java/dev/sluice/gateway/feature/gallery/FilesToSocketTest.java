package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.feature.gallery.FaultyStore.Moment;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.RunningGateway;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Archives of images that are files here: the gateway does not read them. */
@ExtendWith({OutputCaptureExtension.class, NoLeaks.class})
class FilesToSocketTest {
    private static final int IMAGES = 3;

    private final byte[] png = Drawn.noise(900, 900); // more than one write takes

    private HostileOrigin origin;
    private RunningGateway gateway;
    private GalleryClient alice;
    private List<String> images;

    @BeforeEach
    void start() {
        origin = HostileOrigin.start().on("/a.png", Behaviours.image(png));
        gateway = RunningGateway.start(origin, Map.of("logging.level.dev.sluice", "info"), FaultyStore.Installed.class);
        alice = GalleryClient.alice(gateway::uri);
        images = IntStream.range(0, IMAGES)
                .mapToObj(i -> alice.imported(origin.url("/a.png")))
                .toList();
    }

    @AfterEach
    void stop() {
        gateway.close();
        origin.close();
    }

    private String archive() {
        return "/api/images/zip?ids="
                + images.stream()
                        .map(path -> path.substring(path.lastIndexOf('/') + 1))
                        .collect(Collectors.joining(","));
    }

    private boolean wasRead() {
        return gateway.bean(MeterRegistry.class)
                        .find("sluice.storage.operations")
                        .tag("operation", "read")
                        .timer()
                != null;
    }

    @Test
    void archiveAndAnyRangeOfItGoFromFileToSocketAndAreCounted(CapturedOutput output) throws IOException {
        byte[] whole = alice.get(archive(), "X-Request-Id", "whole-archive").body();

        assertThat(Archives.read(whole).values()).hasSize(IMAGES).allMatch(entry -> Arrays.equals(entry, png));
        int border = whole.length / IMAGES;
        for (int from : new int[] {0, 1, border - 500, border, border + 700, 2 * border, whole.length - 1}) {
            int to = Math.min(whole.length, from + border + 900);
            HttpResponse<byte[]> part = alice.get(archive(), "Range", "bytes=" + from + "-" + (to - 1));
            assertThat(part.statusCode()).isEqualTo(206);
            assertThat(part.headers().firstValue("Content-Range"))
                    .hasValue("bytes " + from + "-" + (to - 1) + "/" + whole.length);
            assertThat(part.body()).isEqualTo(Arrays.copyOfRange(whole, from, to));
        }
        assertThat(wasRead()).as("read by the gateway").isFalse();
        Await.until(GalleryClient.SOON, "its line", () -> output.getOut().contains("requestId=whole-archive"));
        assertThat(output.getOut())
                .containsPattern("/api/images/zip 200 " + whole.length + " bytes .*requestId=whole-archive");
    }

    @Test
    void archiveOfWhichAnImageIsDeletedMeanwhileIsCutAndNotFilledUp(CapturedOutput output) {
        AtomicInteger opened = new AtomicInteger();
        FaultyStore store = (FaultyStore) gateway.bean(ObjectStore.class);
        store.on(
                Moment.BEFORE_OPEN,
                () -> opened.incrementAndGet() == IMAGES
                        ? Mono.<Void>fromRunnable(() -> assertThat(alice.delete(images.get(IMAGES - 1))
                                                .statusCode())
                                        .isEqualTo(204))
                                .subscribeOn(Schedulers.boundedElastic())
                        : Mono.empty());

        assertThatThrownBy(() -> alice.get(archive(), "X-Request-Id", "cut-archive"))
                .hasRootCauseInstanceOf(IOException.class);

        Await.until(GalleryClient.SOON, "its line", () -> output.getOut().contains("requestId=cut-archive:"));
        assertThat(output.getOut()).contains("storage_failed requestId=cut-archive");
    }
}
