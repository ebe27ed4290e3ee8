package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RawConnection;
import dev.sluice.gateway.testing.RawConnection.Answer;
import dev.sluice.gateway.testing.RawConnection.End;
import dev.sluice.gateway.testing.RunningGateway;
import dev.sluice.zipstream.BufferBudget;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import tools.jackson.databind.json.JsonMapper;

/** An archive that breaks off ends with a reset in the middle of a chunk; one that does not ends as HTTP says. */
@ExtendWith({NoLeaks.class, OutputCaptureExtension.class})
class CutArchiveTest {
    private static final byte[] PICTURE = Pictures.png(30_000);
    private static final byte[] LARGE = Pictures.png(5_000_000);
    private static final Duration SOON = Duration.ofSeconds(10);

    private static HostileOrigin origin;
    private static RunningGateway gateway;

    @BeforeAll
    static void start() {
        origin = HostileOrigin.start()
                .on("/a.png", Behaviours.image(PICTURE))
                .on("/large.png", Behaviours.image(LARGE))
                .on("/gone.png", Behaviours.status(410))
                .on("/silent.png", Behaviours.silent());
        gateway = RunningGateway.start(
                origin, Map.of("sluice.zip.archive-timeout", "2s", "sluice.inbound.stalled-after", "1s"));
    }

    @AfterAll
    static void stop() {
        gateway.close();
        origin.close();
    }

    @AfterEach
    void noTraceIsLogged(CapturedOutput output) {
        assertThat(output.getAll()).doesNotContain("\tat ");
    }

    private static String post(String version, List<String> urls, String onError) {
        String body = ZipFaultsTest.request(urls, onError);
        return "POST /api/zip HTTP/" + version + "\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
                + body.getBytes(StandardCharsets.UTF_8).length + "\r\n\r\n" + body;
    }

    private static List<String> fourteenAnd(String last) {
        List<String> urls = new ArrayList<>(Collections.nCopies(14, origin.url("/a.png")));
        urls.add(origin.url(last));
        return urls;
    }

    private static Answer ask(String request) throws IOException {
        return RawConnection.ask(gateway.address(), request);
    }

    private static boolean isFree() {
        return List.of("imageMemory", "imageDisk").stream()
                .map(name -> gateway.bean(name, BufferBudget.class))
                .allMatch(budget -> budget.available() == budget.capacity());
    }

    private static void assertCutInAChunk(Answer answer) {
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.fields("Transfer-Encoding")).containsExactly("chunked");
        assertThat(answer.end()).isEqualTo(End.RESET);
        assertThat(answer.isWithinAChunk()).isTrue();
    }

    @Test
    void failureAfterTheFirstByteResetsInTheMiddleOfAChunk() throws IOException {
        assertCutInAChunk(ask(post("1.1", fourteenAnd("/gone.png"), "cut")));
    }

    @Test
    void deadlineResetsInTheMiddleOfAChunk() throws IOException {
        assertCutInAChunk(ask(post("1.1", fourteenAnd("/silent.png"), "skip")));
    }

    @Test
    void clientThatDoesNotReadIsReset() throws IOException {
        try (RawConnection connection = RawConnection.open(gateway.address())) {
            connection.send(post("1.1", Collections.nCopies(20, origin.url("/large.png")), "skip"));
            Await.until(SOON, "the reader has its images", () -> !isFree());
            Await.until(SOON, "everything is free", CutArchiveTest::isFree);
            assertThat(connection.answer().end()).isEqualTo(End.RESET);
        }
    }

    @Test
    void clientThatSendsNonsenseMeanwhileIsReset() throws IOException {
        String link = JsonMapper.shared()
                .readTree(gateway.post("/api/zip/links", ZipFaultsTest.request(fourteenAnd("/silent.png"), "skip"))
                        .body())
                .path("url")
                .asString();
        try (RawConnection connection = RawConnection.open(gateway.address())) {
            connection.send("GET " + link + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
            origin.await(SOON, "the last image is asked for", () -> origin.requests("/silent.png") > 0);
            connection.send("nonsense\r\n");
            assertCutInAChunk(connection.answer());
        }
    }

    @Test
    void olderClientGetsTheArchiveAndNothingElse() throws IOException {
        Answer whole = ask(post("1.0", fourteenAnd("/a.png"), "skip"));

        assertThat(whole.status()).isEqualTo(200);
        assertThat(whole.fields("Transfer-Encoding")).isEmpty();
        assertThat(whole.fields("Content-Length")).isEmpty();
        assertThat(whole.fields("Connection")).containsExactly("close");
        assertThat(whole.end()).isEqualTo(End.WHOLE);
        assertThat(Archives.read(whole.body())).hasSize(15);
    }

    @Test
    void olderClientThatWouldStayIsToldThatItCannot() throws IOException {
        String request =
                post("1.0", fourteenAnd("/a.png"), "skip").replace("\r\nHost: x", "\r\nConnection: keep-alive");

        Answer streamed = ask(request);
        Answer known = ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");

        assertThat(streamed.fields("Connection")).containsExactly("close");
        assertThat(Archives.read(streamed.body())).hasSize(15);
        assertThat(known.fields("Connection")).containsExactly("keep-alive");
        assertThat(known.fields("Content-Length")).hasSize(1);
    }

    @Test
    void olderClientIsResetWhenItsArchiveBreaksOff() throws IOException {
        String link = JsonMapper.shared()
                .readTree(gateway.post("/api/zip/links", ZipFaultsTest.request(fourteenAnd("/gone.png"), "cut"))
                        .body())
                .path("url")
                .asString();

        Answer cut = ask("GET " + link + " HTTP/1.0\r\n\r\n");

        assertThat(cut.status()).isEqualTo(200);
        assertThat(cut.fields("Transfer-Encoding")).isEmpty();
        assertThat(cut.end()).isEqualTo(End.RESET);
    }

    @Test
    void archiveOfKnownLengthThatIsNotReadIsReset() throws IOException {
        try (RawConnection connection = RawConnection.open(gateway.address())) {
            connection.send(post("1.1", Collections.nCopies(3, origin.url("/large.png")), "fail"));
            assertThat(connection.head()).containsIgnoringCase("\r\ncontent-length: ");
            Await.until(SOON, "everything is free", CutArchiveTest::isFree);
            assertThat(connection.rest()).isEqualTo(End.RESET);
        }
    }

    @Test
    void connectionThatEndsInOrderIsNotReset() throws IOException {
        for (String fields : List.of("HTTP/1.1\r\nHost: x\r\nConnection: close\r\n", "HTTP/1.0\r\n")) {
            try (RawConnection connection = RawConnection.open(gateway.address())) {
                connection.send("GET / " + fields + "\r\n");
                assertThat(connection.answer().end()).isEqualTo(End.WHOLE);
                assertThat(connection.isEnded()).isTrue();
            }
            String body = ZipFaultsTest.request(fourteenAnd("/a.png"), "skip");
            try (RawConnection connection = RawConnection.open(gateway.address())) {
                connection.send("POST /api/zip " + fields + "Content-Type: application/json\r\nContent-Length: "
                        + body.length() + "\r\n\r\n" + body);
                assertThat(connection.answer().end()).isEqualTo(End.WHOLE);
                assertThat(connection.isEnded()).isTrue();
            }
        }
    }

    @Test
    void keptConnectionServesOnAfterAnArchive() throws IOException {
        try (RawConnection connection = RawConnection.open(gateway.address())) {
            for (int times = 0; times < 3; times++) {
                connection.send(post("1.1", fourteenAnd("/a.png"), times == 1 ? "fail" : "skip"));
                Answer answer = connection.answer();
                assertThat(answer.end()).isEqualTo(End.WHOLE);
                assertThat(Archives.read(answer.body())).hasSize(15);
            }
        }
    }
}
