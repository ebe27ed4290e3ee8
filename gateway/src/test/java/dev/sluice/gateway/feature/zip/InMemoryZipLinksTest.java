package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import reactor.test.StepVerifier;

class InMemoryZipLinksTest {
    private static final Duration TTL = Duration.ofMinutes(10);

    private final SettableClock clock = new SettableClock();
    private final InMemoryZipLinks links = new InMemoryZipLinks(TTL, 10_000, clock);

    @Test
    void linkIsThereUntilItExpires() {
        ZipLink link = keep(request(1));
        assertThat(link.expiresAt()).isEqualTo(clock.instant().plus(TTL));

        clock.advance(TTL.minusSeconds(1));
        StepVerifier.create(links.find(link.token())).expectNext(link).verifyComplete();
        clock.advance(Duration.ofSeconds(1));
        StepVerifier.create(links.find(link.token())).verifyComplete();
    }

    @Test
    void tokensAreLongAndAllDifferent() {
        Set<String> tokens = new HashSet<>();
        for (int index = 0; index < 5; index++) {
            tokens.add(keep(request(1)).token());
        }
        assertThat(tokens).hasSize(5).allSatisfy(token -> assertThat(token).hasSize(32));
    }

    @Test
    void fullStoreRefusesRatherThanForgets() {
        ZipLink first = keep(request(1));
        StepVerifier.create(links.keep(request(5000)))
                .expectErrorSatisfies(
                        error -> assertThat(((GatewayException) error).code()).isEqualTo(ProblemCode.OVERLOADED))
                .verify();

        StepVerifier.create(links.find(first.token())).expectNext(first).verifyComplete();
        clock.advance(TTL);
        keep(request(1000));
    }

    private ZipLink keep(ZipRequest request) {
        return Objects.requireNonNull(links.keep(request).block());
    }

    private static ZipRequest request(int urlLength) {
        return new ZipRequest(
                List.of(new ZipRequest.ImageRef("x".repeat(urlLength), null)), null, ZipRequest.OnError.SKIP);
    }

    private static final class SettableClock extends Clock {
        private Instant now = Instant.parse("2026-01-01T00:00:00Z");

        void advance(Duration step) {
            now = now.plus(step);
        }

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }
}
