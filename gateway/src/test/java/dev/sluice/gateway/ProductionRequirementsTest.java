package dev.sluice.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.testing.RunningGateway;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** What production needs before it starts. */
class ProductionRequirementsTest {
    @Test
    void allThatIsMissingIsNamedAtOnce() {
        assertThatThrownBy(() -> RunningGateway.start(
                                Map.of("spring.profiles.active", "prod", "sluice.storage.directory", ""))
                        .close())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("REDIS_URL")
                .hasMessageContaining("DATABASE_URL")
                .hasMessageContaining("S3_BUCKET")
                .hasMessageContaining("SLUICE_SIGNING_SECRET")
                .hasMessageContaining("SLUICE_ISSUER_URI")
                .hasMessageContaining("SLUICE_AUDIENCE")
                .hasMessageContaining("SLUICE_ALLOWED_ORIGINS")
                .hasMessageContaining("MANAGEMENT_SERVER_PORT");
    }

    @Test
    void portOfCallersIsNoneForOperations() {
        Map<String, String> shared = RunningGateway.production();
        shared.put("server.port", "18080");
        shared.put("management.server.port", "18080");
        assertThatThrownBy(() -> RunningGateway.start(shared).close())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("management.server.port: 18080 (expected: another port than server.port");
    }

    @Test
    void productionIsClosedToStrangersAndHasNoDevelopmentLogin() {
        try (RunningGateway gateway = RunningGateway.start(RunningGateway.production())) {
            assertThat(gateway.post("/api/zip", "{}").statusCode()).isEqualTo(401);
            assertThat(gateway.post("/api/session", "{\"user\":\"alice\"}").statusCode())
                    .isEqualTo(405);
            assertThat(gateway.get("/samples").statusCode()).isEqualTo(404);
            assertThat(gateway.get("/actuator/health").statusCode()).isEqualTo(404);
            assertThat(gateway.get("/actuator/prometheus").statusCode()).isEqualTo(404);
            assertThat(gateway.send(HttpRequest.newBuilder(gateway.operationsUri("/actuator/health/liveness")))
                            .statusCode())
                    .isEqualTo(200);
            for (String path : List.of("/", "/api/session", "/v3/api-docs")) {
                HttpResponse<byte[]> other = gateway.send(HttpRequest.newBuilder(gateway.operationsUri(path)));
                assertThat(other.statusCode()).as(path).isEqualTo(404);
                assertThat(other.headers().firstValue("Content-Type")).hasValue("application/problem+json");
            }
        }
    }

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void issuerWithoutAnAudienceIsWarnedOfElsewhere(CapturedOutput output) {
        RunningGateway.start(Map.of("sluice.identity.issuer-uri", "https://issuer.example"))
                .close();
        assertThat(output.getOut()).containsOnlyOnce("sluice.identity.audience is not set");
    }

    @Test
    void developmentLoginIsRefusedInProduction() {
        Map<String, String> unsafe = RunningGateway.production();
        unsafe.put("sluice.identity.development-login", "true");
        assertThatThrownBy(() -> RunningGateway.start(unsafe).close())
                .rootCause()
                .hasMessageContaining("sluice.identity.development-login: true (expected: false in the profile prod)");
    }
}
