package dev.sluice.gateway.outbound.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.HostileOrigin.Behaviour;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Hooks;

/** Bodies that break off: continued where their origin offers that, else fetched again. */
@ExtendWith(NoLeaks.class)
class BrokenBodyTest {
    private static final int SIZE = 200_000;
    private static final int SENT = 120_000;
    private static final byte[] IMAGE = image(1);

    private final HostileOrigin origin = HostileOrigin.start();
    private final FetchRig rig = FetchRig.reaching(origin);
    private final AtomicInteger readers = new AtomicInteger();

    private final List<Throwable> dropped = new CopyOnWriteArrayList<>();

    /** What nobody takes is logged, with its trace. */
    @BeforeEach
    void watch() {
        Hooks.onErrorDropped(dropped::add);
    }

    @AfterEach
    void nothingIsDropped() {
        Hooks.resetOnErrorDropped();
        assertThat(dropped).isEmpty();
    }

    @AfterEach
    void stop() {
        rig.close();
        origin.close();
    }

    private static byte[] image(int seed) {
        byte[] bytes = new byte[SIZE];
        new Random(seed).nextBytes(bytes);
        System.arraycopy(Pictures.png(100), 0, bytes, 0, 100);
        return bytes;
    }

    private byte[] fetched() {
        byte[] bytes = rig.fetch()
                .fetch(FetchRig.request(origin.url("/a.png"), SIZE), response -> {
                    readers.incrementAndGet();
                    return FetchRig.bytes(response);
                })
                .block(FetchRig.PATIENCE);
        return bytes == null ? new byte[0] : bytes;
    }

    /** Sends the start of an image and ends the connection. */
    private static Behaviour broken(byte[] image, String... fields) {
        return exchange -> {
            String[] head = Arrays.copyOf(fields, fields.length + 2);
            head[fields.length] = "Content-Type: image/png";
            head[fields.length + 1] = "Content-Length: " + image.length;
            exchange.head(200, head);
            exchange.write(Arrays.copyOf(image, SENT));
            exchange.close();
        };
    }

    private static Behaviour part(int from, int to, String... fields) {
        return exchange -> {
            String[] head = Arrays.copyOf(fields, fields.length + 1);
            head[fields.length] = "Content-Length: " + (to - from);
            exchange.head(206, head);
            exchange.write(Arrays.copyOfRange(IMAGE, from, to));
        };
    }

    /** One byte more than was missing, and no length that would tell. */
    private static Behaviour unendingPart() {
        return exchange -> {
            exchange.head(206, "Content-Range: bytes 120000-199999/200000", "Transfer-Encoding: chunked");
            exchange.chunk(Arrays.copyOfRange(IMAGE, SENT - 1, SIZE));
            exchange.write("0\r\n\r\n");
        };
    }

    @Test
    void unitOfARestMayBeWrittenInAnyCase() {
        origin.on(
                "/a.png",
                Behaviours.failing(
                        1,
                        broken(IMAGE, "Accept-Ranges: Bytes", "ETag: \"a\""),
                        part(SENT, SIZE, "Content-Range: BYTES 120000-199999/200000", "ETag: \"a\"")));

        assertThat(fetched()).isEqualTo(IMAGE);
        assertThat(readers).hasValue(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ETag: \"a\"",
                "Last-Modified: Sat, 21 Nov 2026 00:00:00 GMT\r\nDate: Sat, 21 Nov 2026 00:01:00 GMT"
            })
    void bodyThatBreaksOffIsContinuedWhereItsOriginOffersThat(String validator) {
        origin.on(
                "/a.png",
                Behaviours.failing(
                        1,
                        broken(IMAGE, "Accept-Ranges: bytes", validator),
                        part(SENT, SIZE, "Content-Range: bytes 120000-199999/200000")));

        assertThat(fetched()).isEqualTo(IMAGE);
        assertThat(readers).hasValue(1);
        assertThat(origin.requests()).hasSize(2);
        assertThat(origin.requests().getFirst().header("Range")).isEmpty();
        assertThat(origin.requests().getLast().header("Range")).containsExactly("bytes=120000-");
        assertThat(origin.requests().getLast().header("If-Range"))
                .containsExactly(validator.split("\r\n", -1)[0].split(": ", 2)[1]);
        assertThat(rig.meters().counter("sluice.fetch.retries").count()).isEqualTo(1);
        assertThat(rig.meters().counter("sluice.fetch.bytes").count()).isEqualTo(SIZE);
    }

    @Test
    void restThatBreaksOffIsContinuedOnceMore() {
        Behaviour second = exchange -> {
            exchange.head(206, "Content-Range: bytes 120000-199999/200000", "Content-Length: 80000");
            exchange.write(Arrays.copyOfRange(IMAGE, SENT, 150_000));
            exchange.close();
        };
        origin.on(
                "/a.png",
                Behaviours.failing(
                        1,
                        broken(IMAGE, "Accept-Ranges: bytes", "ETag: \"a\""),
                        Behaviours.failing(
                                1, second, part(150_000, SIZE, "Content-Range: bytes 150000-199999/200000"))));

        assertThat(fetched()).isEqualTo(IMAGE);
        assertThat(readers).hasValue(1);
    }

    static Stream<Behaviour> originsThatDoNotContinue() {
        return Stream.of(
                broken(IMAGE),
                broken(IMAGE, "Accept-Ranges: bytes"),
                broken(IMAGE, "Accept-Ranges: none", "ETag: \"a\""),
                broken(IMAGE, "Accept-Ranges: bytes", "ETag: W/\"a\""),
                broken(
                        IMAGE,
                        "Accept-Ranges: bytes",
                        "Last-Modified: Sat, 21 Nov 2026 00:00:30 GMT",
                        "Date: Sat, 21 Nov 2026 00:01:00 GMT"),
                Behaviours.resetAfter(SIZE, SENT),
                Behaviours.truncatedChunks(SENT));
    }

    @ParameterizedTest
    @MethodSource("originsThatDoNotContinue")
    void bodyThatCannotBeContinuedIsFetchedAgainFromItsStart(Behaviour first) {
        origin.on("/a.png", Behaviours.failing(1, first, Behaviours.image(IMAGE)));

        assertThat(fetched()).isEqualTo(IMAGE);
        assertThat(readers).hasValue(2);
        assertThat(origin.requests()).hasSize(2);
        assertThat(origin.requests().getLast().header("Range")).isEmpty();
    }

    static Stream<Behaviour> wrongRests() {
        return Stream.of(
                Behaviours.image(image(2)),
                part(SENT, SIZE),
                part(SENT, SIZE, "Content-Range: bytes 120000-199999/*"),
                part(SENT, SIZE, "Content-Range: bytes 120000-199999/200001"),
                part(SENT, SIZE - 1, "Content-Range: bytes 120000-199998/200000"),
                part(SENT - 1, SIZE, "Content-Range: bytes 119999-199999/200000"),
                part(SENT, SIZE, "Content-Range: bytes 120000-199999/200000", "ETag: \"b\""),
                part(SENT, SIZE, "Content-Range: bytes 120000-199999/200000", "Content-Encoding: gzip"),
                part(SENT, SIZE - 1, "Content-Range: bytes 120000-199999/200000"),
                part(SENT - 1, SIZE, "Content-Range: bytes 120000-199999/200000"),
                unendingPart(),
                Behaviours.redirect(302, "/other.png"),
                Behaviours.status(416),
                Behaviours.status(404));
    }

    @ParameterizedTest
    @MethodSource("wrongRests")
    void restThatIsNotOfTheSameImageIsNotTaken(Behaviour wrong) {
        byte[] changed = image(2);
        Behaviour first = broken(IMAGE, "Accept-Ranges: bytes", "ETag: \"a\"");
        origin.on("/a.png", Behaviours.failing(1, first, Behaviours.failing(1, wrong, Behaviours.image(changed))));

        assertThat(fetched()).isEqualTo(changed);
        assertThat(readers).hasValue(2);
    }

    @Test
    void bodyThatAlwaysBreaksOffIsGivenUpAfterAllTries() {
        origin.on("/a.png", broken(IMAGE, "Accept-Ranges: bytes", "ETag: \"a\""));

        FetchException failure = rig.failure(origin.url("/a.png"));

        assertThat(failure.failure()).isEqualTo(FetchFailure.CONNECTION_FAILED);
        assertThat(origin.requests().size()).isBetween(3, 4);
    }

    @Test
    void bodyThatIsTooLargeOrNoImageIsNotAskedForAgain() {
        origin.on("/a.png", Behaviours.chunked(2_000_000)).on("/b.png", Behaviours.body("image/png", new byte[50_000]));

        assertThat(rig.failure(origin.url("/a.png")).failure()).isEqualTo(FetchFailure.TOO_LARGE);
        assertThat(rig.failure(origin.url("/b.png")).failure()).isEqualTo(FetchFailure.NOT_AN_IMAGE);
        assertThat(origin.requests()).hasSize(2);
    }
}
