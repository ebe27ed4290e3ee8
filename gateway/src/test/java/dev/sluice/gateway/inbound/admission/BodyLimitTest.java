package dev.sluice.gateway.inbound.admission;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Bodies that are too large, or never come: told before they are read whole. */
@ExtendWith(NoLeaks.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BodyLimitTest {
    private static final int MOST = 64 * 1024;
    private static final Duration LONGEST = Duration.ofSeconds(20);
    private RunningGateway gateway;

    @BeforeAll
    void start() {
        // Time enough for those that do come, though they are the first that this JVM reads.
        gateway = RunningGateway.start(Map.of("sluice.inbound.body-timeout", "2s", "sluice.zip.max-body", "64KB"));
    }

    @AfterAll
    void stop() {
        gateway.close();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private Socket open(String lengthOrEncoding) throws IOException {
        return open(gateway, lengthOrEncoding);
    }

    private static Socket open(RunningGateway gateway, String lengthOrEncoding) throws IOException {
        Socket socket =
                new Socket(gateway.address().getAddress(), gateway.address().getPort());
        socket.setSoTimeout(10_000);
        socket.getOutputStream()
                .write(ascii("POST /api/zip HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                        + lengthOrEncoding + "\r\n\r\n"));
        return socket;
    }

    private static String firstLine(Socket socket) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = socket.getInputStream().read();
                c >= 0 && c != '\r';
                c = socket.getInputStream().read()) {
            line.append((char) c);
        }
        return line.toString();
    }

    @Test
    void declaredLengthOverTheLimitIsRefusedBeforeAByteOfTheBody() throws IOException {
        try (Socket client = open("Content-Length: " + (MOST + 1))) {
            assertThat(firstLine(client)).isEqualTo("HTTP/1.1 413 Request Entity Too Large");
        }
    }

    @Test
    void chunkedBodyIsCutAtTheLimitWhileMoreIsToCome() throws IOException {
        try (Socket client = open("Transfer-Encoding: chunked")) {
            OutputStream out = client.getOutputStream();
            byte[] chunk = new byte[8 * 1024];
            Arrays.fill(chunk, (byte) ' ');
            for (int sent = 0; sent <= MOST; sent += chunk.length) {
                out.write(ascii("2000\r\n"));
                out.write(chunk);
                out.write(ascii("\r\n"));
            }
            // No last chunk: the answer comes although the body has not ended.
            assertThat(firstLine(client)).isEqualTo("HTTP/1.1 413 Request Entity Too Large");
        }
    }

    @Test
    void bodyThatNeverBecomesWholeIsGivenUp() throws IOException {
        try (Socket client = open("Content-Length: 100")) {
            client.getOutputStream().write(ascii("{\"images\":["));
            assertThat(firstLine(client)).isEqualTo("HTTP/1.1 408 Request Timeout");
        }
    }

    @Test
    void bodyExactlyAtTheLimitIsRead() throws IOException {
        try (Socket client = open("Content-Length: " + MOST)) {
            byte[] body = new byte[MOST];
            Arrays.fill(body, (byte) ' ');
            System.arraycopy(ascii("{}"), 0, body, 0, 2);
            client.getOutputStream().write(body);
            assertThat(firstLine(client)).isEqualTo("HTTP/1.1 400 Bad Request");
        }
    }

    /** Of one address no more than a quarter, whatever it has announced; and all of it again when they are gone. */
    @Test
    void bodiesThatAreNotWholeTakeNoMoreThanTheirCallersShare() throws IOException {
        byte[] allButOne = new byte[MOST - 1];
        Arrays.fill(allButOne, (byte) ' ');
        List<Socket> begun = new ArrayList<>();
        try (RunningGateway patient =
                RunningGateway.start(Map.of("sluice.inbound.body-memory", "4MB", "sluice.zip.max-body", "64KB"))) {
            for (int i = 0; i < 17; i++) {
                Socket client = open(patient, "Content-Length: " + MOST);
                begun.add(client);
                client.getOutputStream().write(allButOne);
            }
            Await.until(LONGEST, "one of them is refused", () -> begun.stream().anyMatch(BodyLimitTest::isAnswered));
            Socket refused =
                    begun.stream().filter(BodyLimitTest::isAnswered).findFirst().orElseThrow();
            assertThat(firstLine(refused)).isEqualTo("HTTP/1.1 429 Too Many Requests");

            for (Socket client : begun) {
                client.close();
            }
            Await.until(LONGEST, "another is read", () -> isRead(patient, allButOne));
        } finally {
            for (Socket client : begun) {
                client.close();
            }
        }
    }

    private static boolean isAnswered(Socket client) {
        try {
            return client.getInputStream().available() > 0;
        } catch (IOException ended) {
            return false;
        }
    }

    /** No JSON, which is only said of a body that is whole. */
    private static boolean isRead(RunningGateway gateway, byte[] body) {
        try (Socket client = open(gateway, "Content-Length: " + body.length)) {
            client.getOutputStream().write(body);
            return firstLine(client).equals("HTTP/1.1 400 Bad Request");
        } catch (IOException ended) {
            return false;
        }
    }

    @Test
    void chunkThatIsNoChunkEndsWithAnAnswer() throws IOException {
        try (Socket client = open("Transfer-Encoding: chunked")) {
            client.getOutputStream().write(ascii("{\"images\":[]}\r\n"));
            assertThat(firstLine(client)).isIn("HTTP/1.1 400 Bad Request", "HTTP/1.1 408 Request Timeout");
        }
    }

    @Test
    void headerThatIsNoMediaTypeIsTheClientsMistakeEverywhere() {
        for (String path : List.of("/actuator/health")) {
            HttpResponse<byte[]> answer =
                    gateway.send(HttpRequest.newBuilder(gateway.uri(path)).header("Accept", ","));
            assertThat(answer.statusCode()).as(path).isEqualTo(400);
            assertThat(new String(answer.body(), StandardCharsets.UTF_8)).contains("malformed_request");
        }
    }
}
