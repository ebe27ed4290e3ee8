package dev.sluice.gateway.inbound;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.testing.RawConnection;
import dev.sluice.gateway.testing.RawConnection.Answer;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Whatever stands in a request's fields, no route fails because of it, and no log fills with traces. */
@ExtendWith(OutputCaptureExtension.class)
class MalformedFieldsTest {
    private static final long SEED = 20261128;
    private static final int FIELDS_PER_ROUTE = 12;

    /** The request fields of RFC 9110, 9111 and 9112, of the Fetch standard, of proxies and of other RFCs. */
    private static final List<String> FIELDS = List.of(("Accept Accept-Charset Accept-Encoding Accept-Language"
                    + " Access-Control-Request-Headers Access-Control-Request-Method Authorization Cache-Control Connection"
                    + " Content-Disposition Content-Encoding Content-Language Content-Length Content-Location Content-Range"
                    + " Content-Type Cookie DNT Date Early-Data Expect Forwarded From Host HTTP2-Settings If-Match"
                    + " If-Modified-Since If-None-Match If-Range If-Unmodified-Since Keep-Alive Last-Event-ID Link"
                    + " Max-Forwards Origin Pragma Prefer Priority Proxy-Authorization Range Referer Sec-Fetch-Dest"
                    + " Sec-Fetch-Mode Sec-Fetch-Site Sec-WebSocket-Key Sec-WebSocket-Version TE Trailer Transfer-Encoding"
                    + " Upgrade Upgrade-Insecure-Requests User-Agent Via Want-Digest X-Forwarded-For X-Forwarded-Host"
                    + " X-Forwarded-Port X-Forwarded-Prefix X-Forwarded-Proto X-HTTP-Method-Override X-Real-IP"
                    + " X-Request-Id X-Requested-With traceparent tracestate baggage b3")
            .split(" "));

    private static final List<String> VALUES = List.of(
            "",
            " ",
            ",",
            ",,;=,",
            ";",
            "=",
            "\"",
            "\"\\",
            "a:b",
            "http://a:b",
            "http://[",
            "[::1",
            "*",
            "*/",
            "/*",
            "a/b;q=x",
            "a/b;charset=\u00ff",
            "text/html;charset=none",
            "application/json;charset=none",
            "application/json; q=\"",
            "-1",
            "99999999999999999999",
            "1e9",
            "0x10",
            "NaN",
            "null",
            "bytes=",
            "bytes=-",
            "bytes=9-1",
            "bytes=0-99999999999999999999",
            "bytes=" + "0-0,".repeat(500),
            "W/\"",
            "W/",
            "Thu, 99 Foo 2026 99:99:99 GMT",
            "Bearer",
            "Bearer ",
            "Bearer a.b.c",
            "Bearer eyJhbGciOiJub25lIn0..",
            "Basic \u00e4\u00f6",
            "sluice_session=a.b.c; sluice_session",
            "sluice_anon=.;=;;$Version=1;a=\"",
            "%",
            "%zz",
            "%00",
            "for=\"[;proto=;host=\"",
            "for=_;proto=https;host=a:b",
            "../../etc/passwd",
            "<script>",
            "${jndi:x}",
            "100-continue, 100-continue",
            "gzip;q=\u00e9",
            "h2c",
            "websocket",
            "-",
            "--",
            "de-\u00e4;q=2, *-*",
            "x".repeat(8_000),
            ",".repeat(2_000));

    private record Route(Endpoint endpoint, String target) {}

    record Declared(List<Endpoint> endpoints) {}

    @Configuration(proxyBeanMethods = false)
    static class AllEndpoints {
        @Bean
        Declared declaredEndpoints(ObjectProvider<FeatureRoutes> features) {
            return new Declared(features.stream()
                    .flatMap(feature -> feature.endpoints().stream())
                    .toList());
        }
    }

    @Test
    void noFieldBringsDownARoute(CapturedOutput output) throws IOException {
        // Bodies that never come are waited for, but not for long.
        Map<String, String> settings =
                Map.of("sluice.trusted-proxies", "127.0.0.0/8", "sluice.inbound.body-timeout", "200ms");
        try (RunningGateway gateway = RunningGateway.start(settings, Clock.systemUTC(), AllEndpoints.class)) {
            String token = "Authorization: Bearer " + gateway.signIn("mallory", "user", "super-admin") + "\r\n";
            Random random = new Random(SEED);
            List<String> faults = new ArrayList<>();
            for (Route route : routes(gateway)) {
                int expected = ask(gateway.address(), route, token, "").status();
                for (int tried = 0; tried < FIELDS_PER_ROUTE; tried++) {
                    String field = FIELDS.get(random.nextInt(FIELDS.size()));
                    String line = field + ": " + value(random) + "\r\n";
                    String credentials = random.nextBoolean() && !field.equals("Authorization") ? token : "";
                    String fault = fault(gateway.address(), route, credentials, line, expected);
                    if (fault != null) {
                        faults.add(route.endpoint().method() + " " + route.target() + " with " + line + fault);
                    }
                }
            }
            assertThat(faults).as("seed " + SEED).isEmpty();
        }
        assertThat(output.getAll()).doesNotContain("\tat ");
    }

    private static @Nullable String fault(
            InetSocketAddress address, Route route, String credentials, String line, int expected) {
        try {
            Answer answer = ask(address, route, credentials, line);
            boolean coding = answer.status() == 501 && line.startsWith("Transfer-Encoding");
            return answer.status() >= 500 && answer.status() != expected && !coding ? answer.head() : null;
        } catch (IOException failed) {
            return failed.toString();
        }
    }

    private static List<Route> routes(RunningGateway gateway) {
        return Stream.concat(
                        gateway.bean(Declared.class).endpoints().stream()
                                .filter(endpoint -> !endpoint.path().endsWith("/events"))
                                .map(endpoint -> new Route(endpoint, target(endpoint.path()))),
                        Stream.of("/actuator/health", "/actuator/prometheus", "/nowhere", "/assets/x/y")
                                .map(path -> new Route(
                                        gateway.bean(Declared.class).endpoints().getFirst(), path)))
                .toList();
    }

    private static String target(String path) {
        return path.replace("{id}", "0b6d1c1e-6f1e-4a39-9d0e-5f5f3f0f8a11").replaceAll("\\{[^}]+}", "mallory");
    }

    private static String value(Random random) {
        if (random.nextInt(3) > 0) {
            return VALUES.get(random.nextInt(VALUES.size()));
        }
        StringBuilder text = new StringBuilder();
        for (int length = random.nextInt(40); length > 0; length--) {
            // Any byte that can be sent without ending the field.
            int next = random.nextInt(256);
            text.append(next == '\r' || next == '\n' ? '\t' : (char) next);
        }
        return text.toString();
    }

    private static Answer ask(InetSocketAddress address, Route route, String credentials, String field)
            throws IOException {
        boolean body = !route.endpoint().consumes().isEmpty();
        String usual = "Host: x\r\nContent-Type: "
                + (body ? route.endpoint().consumes().getFirst() : "text/plain") + "\r\nContent-Length: "
                + (body ? 2 : 0) + "\r\nConnection: close\r\n";
        String name = field.substring(0, field.indexOf(':') + 1);
        String fields = name.isEmpty() ? usual : usual.replaceFirst("(?m)^" + name + ".*\r\n", "");
        try (RawConnection connection = RawConnection.open(address)) {
            connection.send(route.endpoint().method() + " " + route.target() + " HTTP/1.1\r\n" + fields + credentials
                    + field + "\r\n" + (body ? "{}" : ""));
            return connection.answerToHead();
        }
    }
}
