package dev.sluice.gateway.inbound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.inbound.admission.CorsProperties;
import dev.sluice.gateway.inbound.admission.LimitsProperties;
import dev.sluice.gateway.inbound.admission.LimitsProperties.Definition;
import dev.sluice.gateway.inbound.admission.LimitsProperties.Kind;
import dev.sluice.gateway.inbound.identity.IdentityProperties;
import dev.sluice.gateway.inbound.identity.TrustedProxies.ForwardedField;
import dev.sluice.gateway.inbound.transport.TransportProperties;
import dev.sluice.limits.FallbackMode;
import dev.sluice.limits.Scope;
import java.time.Duration;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.boot.convert.ApplicationConversionService;
import org.springframework.util.unit.DataSize;

/** Each record of what happens to every request: its defaults, every key, bad values. */
class InboundPropertiesTest {
    private static final String SECRET = "0123456789abcdef0123456789abcdef";

    private static <T> T bound(String prefix, Class<T> type, String... settings) {
        Map<String, String> all = new HashMap<>();
        for (int i = 0; i < settings.length; i += 2) {
            all.put(prefix + "." + settings[i], settings[i + 1]);
        }
        return new Binder(
                        List.of(new MapConfigurationPropertySource(all)),
                        null,
                        ApplicationConversionService.getSharedInstance())
                .bindOrCreate(prefix, type);
    }

    @Test
    void transportHasDefaults() {
        assertThat(bound("sluice.inbound", TransportProperties.class))
                .isEqualTo(new TransportProperties(
                        Duration.ofSeconds(30),
                        DataSize.ofKilobytes(1),
                        Duration.ofSeconds(60),
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(30),
                        DataSize.ofBytes(Runtime.getRuntime().maxMemory() / 16),
                        DataSize.ofKilobytes(19),
                        DataSize.ofKilobytes(16)));
    }

    @Test
    void everyKeyOfTheTransportIsRead() {
        assertThat(bound(
                        "sluice.inbound",
                        TransportProperties.class,
                        "stalled-after",
                        "1s",
                        "slowest-reader",
                        "2KB",
                        "idle-timeout",
                        "3s",
                        "read-timeout",
                        "4s",
                        "body-timeout",
                        "5s",
                        "body-memory",
                        "8MB",
                        "max-request-line",
                        "7KB",
                        "max-header-size",
                        "6KB"))
                .isEqualTo(new TransportProperties(
                        Duration.ofSeconds(1),
                        DataSize.ofKilobytes(2),
                        Duration.ofSeconds(3),
                        Duration.ofSeconds(4),
                        Duration.ofSeconds(5),
                        DataSize.ofMegabytes(8),
                        DataSize.ofKilobytes(7),
                        DataSize.ofKilobytes(6)));
    }

    @ParameterizedTest
    @CsvSource({
        "stalled-after, 0s, 'sluice.inbound.stalled-after: PT0S (expected: 100ms to 1h)'",
        "body-timeout, 2h, 'sluice.inbound.body-timeout: PT2H (expected: 100ms to 1h)'",
        "slowest-reader, 11MB, 'sluice.inbound.slowest-reader: 11534336B (expected: 0B to 10MB)'",
        "body-memory, 1KB, 'sluice.inbound.body-memory: 1024B (expected: 1MB or more)'",
        "max-request-line, 2MB, 'sluice.inbound.max-request-line: 2097152B (expected: 1KB to 1MB)'",
        "max-header-size, 1B, 'sluice.inbound.max-header-size: 1B (expected: 1KB to 1MB)'",
    })
    void badTransportIsNamed(String key, String value, String message) {
        assertThatThrownBy(() -> bound("sluice.inbound", TransportProperties.class, key, value))
                .hasRootCauseMessage(message);
    }

    @Test
    void identityHasDefaults() {
        IdentityProperties properties = bound("sluice", IdentityProperties.class);
        assertThat(properties.signingSecret()).isEmpty();
        assertThat(properties.trustedProxies()).isEmpty();
        assertThat(properties.publicUrl()).isEmpty();
        assertThat(properties.access().anonymous()).isTrue();
        assertThat(properties.identity())
                .isEqualTo(new IdentityProperties.Identity(
                        "", "", "", "roles", null, Duration.ofHours(8), ForwardedField.X_FORWARDED_FOR));
    }

    @Test
    void everyKeyOfTheIdentityIsReadAndTheSecretIsNotPrinted() {
        IdentityProperties properties = bound(
                "sluice",
                IdentityProperties.class,
                "signing-secret",
                SECRET,
                "trusted-proxies",
                "10.0.0.0/8, 192.0.2.1",
                "public-url",
                "https://zip.example",
                "access.anonymous",
                "false",
                "identity.issuer-uri",
                "https://issuer.example",
                "identity.jwk-set-uri",
                "https://issuer.example/keys",
                "identity.audience",
                "sluice",
                "identity.roles-claim",
                "realm_access.roles",
                "identity.development-login",
                "false",
                "identity.session-ttl",
                "5m",
                "identity.forwarded-field",
                "forwarded");
        assertThat(properties.signingSecret()).isEqualTo(SECRET);
        assertThat(properties.trustedProxies()).containsExactly("10.0.0.0/8", "192.0.2.1");
        assertThat(properties.publicUrl()).isEqualTo("https://zip.example");
        assertThat(properties.access().anonymous()).isFalse();
        assertThat(properties.identity())
                .isEqualTo(new IdentityProperties.Identity(
                        "https://issuer.example",
                        "https://issuer.example/keys",
                        "sluice",
                        "realm_access.roles",
                        false,
                        Duration.ofMinutes(5),
                        ForwardedField.FORWARDED));
        assertThat(properties.toString()).doesNotContain(SECRET);
    }

    @ParameterizedTest
    @CsvSource({
        "signing-secret, short, 'sluice.signing-secret: 5 bytes (expected: at least 32)'",
        "identity.issuer-uri, issuer, 'sluice.identity.issuer-uri: issuer (expected: an http or https URL)'",
        "identity.jwk-set-uri, file:///keys, 'sluice.identity.jwk-set-uri: file:///keys (expected: an http or https URL)'",
        "identity.roles-claim, ' ', 'sluice.identity.roles-claim: '' '' (expected: the name of a claim)'",
        "identity.session-ttl, 1s, 'sluice.identity.session-ttl: PT1S (expected: 1m to 30d)'",
        "public-url, zip.example, 'sluice.public-url: zip.example (expected: http://host:port or https://host:port)'",
        "public-url, ftp://zip.example, 'sluice.public-url: ftp://zip.example (expected: http://host:port or https://host:port)'",
        "public-url, https://zip.example/a, 'sluice.public-url: https://zip.example/a (expected: http://host:port or https://host:port)'",
        "public-url, https://me@zip.example, 'sluice.public-url: https://me@zip.example (expected: http://host:port or https://host:port)'",
        "public-url, https://zip.example?a, 'sluice.public-url: https://zip.example?a (expected: http://host:port or https://host:port)'",
        "public-url, https://zip example, 'sluice.public-url: https://zip example (expected: http://host:port or https://host:port)'",
        "trusted-proxies, 10.0.0.1/8, 'sluice.trusted-proxies: 10.0.0.1/8 (expected: addresses or CIDR blocks, for example 10.0.0.0/8)'",
    })
    void badIdentityIsNamed(String key, String value, String message) {
        assertThatThrownBy(() -> bound("sluice", IdentityProperties.class, key, value))
                .hasRootCauseMessage(message);
    }

    @Test
    void noOriginIsAllowedByDefaultAndSeveralCanBe() {
        assertThat(bound("sluice.origins", CorsProperties.class).allowed()).isEmpty();
        assertThat(bound(
                                "sluice.origins",
                                CorsProperties.class,
                                "allowed",
                                "https://one.example, https://two.example:8443")
                        .allowed())
                .containsExactly("https://one.example", "https://two.example:8443");
    }

    @Test
    void limitHasDefaults() {
        LimitsProperties properties = bound(
                "sluice.limits",
                LimitsProperties.class,
                "definitions.day.kind",
                "quota",
                "definitions.day.per",
                "subject",
                "definitions.day.units",
                "5",
                "policies.some.routes",
                "a.b",
                "policies.some.limits",
                "day");
        assertThat(properties.enabled()).isTrue();
        assertThat(properties.definitions().get("day"))
                .isEqualTo(new Definition(
                        Kind.QUOTA,
                        Scope.SUBJECT,
                        DataSize.ofBytes(5),
                        Duration.ofSeconds(60),
                        null,
                        DataSize.ofBytes(1),
                        null,
                        false,
                        ZoneId.of("UTC"),
                        false,
                        null,
                        null));
    }

    @Test
    void everyKeyOfALimitIsRead() {
        LimitsProperties properties = bound(
                "sluice.limits",
                LimitsProperties.class,
                "enabled",
                "false",
                "definitions.most.kind",
                "budget",
                "definitions.most.per",
                "global",
                "definitions.most.units",
                "10GB",
                "definitions.most.period",
                "1h",
                "definitions.most.burst",
                "7",
                "definitions.most.reserve",
                "1MB",
                "definitions.most.unit",
                "bytes",
                "definitions.most.anonymous",
                "true",
                "definitions.most.zone",
                "Europe/Zurich",
                "definitions.most.shadow",
                "true",
                "definitions.most.on-outage",
                "count-locally",
                "definitions.most.code",
                "quota-exceeded",
                "policies.some.routes",
                "a.b, c.d",
                "policies.some.limits",
                "most");
        assertThat(properties.enabled()).isFalse();
        assertThat(properties.definitions().get("most"))
                .isEqualTo(new Definition(
                        Kind.BUDGET,
                        Scope.GLOBAL,
                        DataSize.ofGigabytes(10),
                        Duration.ofHours(1),
                        DataSize.ofBytes(7),
                        DataSize.ofMegabytes(1),
                        "bytes",
                        true,
                        ZoneId.of("Europe/Zurich"),
                        true,
                        FallbackMode.COUNT_LOCALLY,
                        ProblemCode.QUOTA_EXCEEDED));
        assertThat(properties.policies().get("some"))
                .isEqualTo(new LimitsProperties.PolicyOfRoutes(List.of("a.b", "c.d"), List.of("most")));
    }

    @Test
    void limitThatIsNotDefinedIsNamed() {
        assertThatThrownBy(() -> bound(
                        "sluice.limits",
                        LimitsProperties.class,
                        "definitions.day.kind",
                        "quota",
                        "definitions.day.per",
                        "subject",
                        "definitions.day.units",
                        "5",
                        "policies.some.routes",
                        "a.b",
                        "policies.some.limits",
                        "night"))
                .hasRootCauseMessage("sluice.limits.policies.some.limits: night (expected: one of [day])");
    }
}
