package dev.sluice.gateway.outbound.ai.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class PlaceholderModelTest {
    private static final Duration WITHIN = Duration.ofMinutes(1);
    private static final ImagePrompt CAT = prompt("A cat on a hill", "16:9");

    @ParameterizedTest
    @CsvSource({"1:1, 1024, 1024", "16:9, 1024, 576", "9:21, 438, 1024"})
    void pictureHasTheShapeThatWasAskedFor(String ratio, int width, int height) throws IOException {
        BufferedImage picture = decoded(png(prompt("A cat", ratio)));

        assertThat(picture.getWidth()).isEqualTo(width);
        assertThat(picture.getHeight()).isEqualTo(height);
    }

    @Test
    void samePromptIsTheSamePictureInAnyProcess() {
        Prediction first = Objects.requireNonNull(model().create(CAT, WITHIN).block());
        Prediction stored = new Prediction(first.id(), prompt("A cat on a hill", "16:9"));

        assertThat(png(stored)).isEqualTo(png(CAT));
        assertThat(first.id()).startsWith("sketch-");
    }

    @Test
    void otherPromptsAreOtherPictures() {
        assertThat(png(CAT)).isNotEqualTo(png(prompt("A dog on a hill", "16:9")));
    }

    @Test
    void promptStandsBelowThePicture() throws IOException {
        // Both hash alike, so all that differs is what is written.
        String one = "AaAa";
        String other = "BBBB";
        assertThat(one).hasSameHashCodeAs(other);

        BufferedImage first = decoded(png(prompt(one, "1:1")));
        BufferedImage second = decoded(png(prompt(other, "1:1")));

        assertThat(first.getRGB(512, 300)).isEqualTo(second.getRGB(512, 300));
        assertThat(differentRows(first, second)).isPositive().isLessThan(40);
    }

    @Test
    void longPromptInAnyScriptIsDrawnAndStaysSmall() throws IOException {
        byte[] file = png(prompt("猫 кот 🐈 \u0000\n".repeat(100) + "x".repeat(500), "9:21"));

        assertThat(decoded(file).getHeight()).isEqualTo(1024);
        assertThat(file.length).isLessThan(3_000_000);
    }

    @Test
    void predictionOfAnotherProviderIsRefused() {
        StepVerifier.create(model().await(new Prediction("gm3qorzdhgbfurvjtvhg6dckhu", CAT), WITHIN))
                .verifyErrorSatisfies(error -> assertThat(error)
                        .isInstanceOfSatisfying(
                                ProviderException.class,
                                failure -> assertThat(failure.failure()).isEqualTo(ProviderFailure.REFUSED)));
    }

    private static byte[] png(ImagePrompt prompt) {
        return png(Objects.requireNonNull(model().create(prompt, WITHIN).block()));
    }

    private static byte[] png(Prediction prediction) {
        GeneratedImage made =
                Objects.requireNonNull(model().await(prediction, WITHIN).block());
        assertThat(made).isInstanceOf(GeneratedImage.Inline.class);
        GeneratedImage.Inline drawn = (GeneratedImage.Inline) made;
        assertThat(drawn.mediaType()).isEqualTo("image/png");
        DataBuffer body = Objects.requireNonNull(drawn.body().blockLast());
        assertThat(drawn.length()).isEqualTo(body.readableByteCount());
        byte[] bytes = new byte[body.readableByteCount()];
        body.read(bytes);
        return bytes;
    }

    private static BufferedImage decoded(byte[] png) throws IOException {
        return Objects.requireNonNull(ImageIO.read(new ByteArrayInputStream(png)));
    }

    private static int differentRows(BufferedImage first, BufferedImage second) {
        int rows = 0;
        for (int y = 0; y < first.getHeight(); y++) {
            int[] one = first.getRGB(0, y, first.getWidth(), 1, null, 0, first.getWidth());
            int[] other = second.getRGB(0, y, second.getWidth(), 1, null, 0, second.getWidth());
            rows += Arrays.equals(one, other) ? 0 : 1;
        }
        return rows;
    }

    private static ImageModel model() {
        return ImageModels.guarded(
                new PlaceholderModel(Schedulers.boundedElastic()),
                ImageModels.PollPolicy.DEFAULTS,
                new SimpleMeterRegistry(),
                Schedulers.parallel());
    }

    private static ImagePrompt prompt(String text, String ratio) {
        return new ImagePrompt(text, ImagePrompt.AspectRatio.of(ratio));
    }
}
