package dev.sluice.gateway.outbound.imagecache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.MovableClock;
import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AdmissionSketchTest {
    private static final String URL = "https://example.com/a.png";

    private final MovableClock clock = new MovableClock();
    private final AdmissionSketch sketch = new AdmissionSketch(clock);

    @Test
    void secondRequestWithinAnHourIsOneAgain() {
        assertThat(sketch.again(URL)).isFalse();
        clock.move(Duration.ofHours(1));
        assertThat(sketch.again(URL)).isTrue();
        clock.move(Duration.ofHours(1));
        assertThat(sketch.again(URL)).as("an hour after the one before").isTrue();
    }

    @Test
    void requestAfterMoreThanAnHourIsTheFirstAgain() {
        sketch.again(URL);
        clock.move(Duration.ofHours(1).plusSeconds(1));

        assertThat(sketch.again(URL)).isFalse();
        assertThat(sketch.again(URL)).isTrue();
    }

    @Test
    void barredImageIsNotAdmittedForAnHour() {
        sketch.again(URL);
        sketch.bar(URL);

        assertThat(sketch.again(URL)).isFalse();
        clock.move(Duration.ofMinutes(59));
        assertThat(sketch.again(URL)).isFalse();
        clock.move(Duration.ofMinutes(2));
        assertThat(sketch.again(URL)).as("its bar counts as a request").isTrue();
    }

    @Test
    void clockThatGoesBackAdmitsNothingByItself() {
        sketch.again(URL);
        clock.move(Duration.ofMinutes(-90));

        assertThat(sketch.again(URL)).isFalse();
        assertThat(sketch.again(URL)).isTrue();
    }

    /** One archive after the other, each of images that nobody asks for again. */
    @Test
    void imagesThatAreWantedOnceAreNotTakenForOthers() {
        long admitted = IntStream.range(0, 100_000)
                .filter(i -> sketch.again("https://example.com/" + i))
                .count();

        assertThat(admitted).isZero();
    }

    @Test
    void tensOfThousandsAreRemembered() {
        IntStream.range(0, 20_000).forEach(i -> sketch.again("https://example.com/" + i));

        long admitted = IntStream.range(0, 20_000)
                .filter(i -> sketch.again("https://example.com/" + i))
                .count();

        assertThat(admitted).isGreaterThan(19_000);
    }
}
