package dev.sluice.gateway.inbound.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** A connection is served for as long as it is kept, on whatever thread an answer was made. */
class KeptConnectionTest {
    private static final Pattern LENGTH = Pattern.compile("content-length: (\\d+)", Pattern.CASE_INSENSITIVE);
    private static final int REQUESTS = 300;

    @Test
    void nextRequestIsReadHoweverTheOneBeforeWasAnswered() throws IOException {
        try (RunningGateway gateway = RunningGateway.start(Map.of());
                Socket client = new Socket(
                        gateway.address().getAddress(), gateway.address().getPort())) {
            client.setSoTimeout(10_000);
            int answered = 0;
            // Health is asked on threads of its own, so that an answer can be out before its request has ended.
            while (answered < REQUESTS && exchange(client, "/actuator/health")) {
                answered++;
            }
            assertThat(answered).isEqualTo(REQUESTS);
        }
    }

    @Test
    void requestsSentAtOnceAreAllAnswered() throws IOException {
        try (RunningGateway gateway = RunningGateway.start(Map.of());
                Socket client = new Socket(
                        gateway.address().getAddress(), gateway.address().getPort())) {
            client.setSoTimeout(10_000);
            for (int sent = 0; sent < 10; sent++) {
                client.getOutputStream().write(request("/actuator/health"));
            }
            for (int received = 0; received < 10; received++) {
                assertThat(answer(client)).isTrue();
            }
            assertThat(exchange(client, "/nowhere")).isTrue();
        }
    }

    private static boolean exchange(Socket client, String path) throws IOException {
        client.getOutputStream().write(request(path));
        return answer(client);
    }

    private static byte[] request(String path) {
        return ("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
    }

    private static boolean answer(Socket client) throws IOException {
        InputStream in = client.getInputStream();
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                return false;
            }
            head.append((char) next);
        }
        Matcher length = LENGTH.matcher(head);
        assertThat(length.find()).as(head.toString()).isTrue();
        int body = Integer.parseInt(length.group(1));
        return in.readNBytes(body).length == body;
    }
}
