package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.archive.OnError;
import dev.sluice.gateway.contract.archive.RemoteImage;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class LinkedRequestTest {
    private static final LinkedRequest.Format FORMAT = new LinkedRequest.Format(new JsonMapper());

    @Test
    void requestComesBackWithEverythingThatWasAskedFor() {
        ZipRequest wanted = new ZipRequest(
                List.of(
                        new RemoteImage("https://example.com/ä \"1\".png?x=\\", "Grüße 🐈"),
                        new RemoteImage("https://example.com/2.png", null)),
                "Ferien",
                OnError.FAIL);

        LinkedRequest read = Objects.requireNonNull(FORMAT.read(FORMAT.write(new LinkedRequest(wanted))));

        assertThat(read.request()).isEqualTo(wanted);
    }

    @Test
    void whatIsNoRequestIsNothing() {
        assertThat(FORMAT.read("{\"request\":7}".getBytes(StandardCharsets.UTF_8)))
                .isNull();
        assertThat(FORMAT.read("hello".getBytes(StandardCharsets.UTF_8))).isNull();
    }

    @Test
    void urlsThatHaveMuchInCommonTakeLittleRoom() {
        List<RemoteImage> images = IntStream.range(0, 20)
                .mapToObj(
                        i -> new RemoteImage("https://images.example.com/galleries/summer/picture-" + i + ".jpg", null))
                .toList();

        byte[] bytes = FORMAT.write(new LinkedRequest(new ZipRequest(images, null, OnError.SKIP)));

        assertThat(bytes).hasSizeLessThan(400);
    }

    @Test
    void weightGrowsWithWhatIsHeld() {
        ZipRequest request = new ZipRequest(List.of(new RemoteImage("x".repeat(600), null)), null, OnError.SKIP);

        assertThat(FORMAT.weight(new LinkedRequest(request))).isEqualTo(512 + 256 + 2 * 600);
    }
}
