package dev.sluice.gateway.outbound.link;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import reactor.test.StepVerifier;

class MemoryLinksTest extends LinksContract {
    private final SettableClock clock = new SettableClock();

    @Override
    Links<String> create(Links.Bounds bounds) {
        return new MemoryLinks<>(TEXT, bounds, clock);
    }

    @Override
    long weight(int length) {
        return (long) Links.OVERHEAD + length;
    }

    @Override
    Instant now() {
        return clock.instant();
    }

    @Override
    void pass(Duration ttl) {
        clock.advance(ttl);
    }

    @Test
    void linkIsThereToItsLastSecond() {
        Links<String> links = create(LONG, 10_000);
        Link<String> link = keep(links, request(1));

        clock.advance(LONG.minusSeconds(1));
        StepVerifier.create(links.find(link.token())).expectNext(link).verifyComplete();
        clock.advance(Duration.ofSeconds(1));
        StepVerifier.create(links.find(link.token())).verifyComplete();
    }

    @Test
    void linkThatNobodyUsesIsReadFromItsBytes() {
        // What is in use weighs more than all that is kept may, so no object of it is kept.
        Links<String> links = create(LONG, 5000);
        String token = keep(links, request(4000)).token();

        StepVerifier.create(links.find(token).map(Link::content))
                .expectNext(request(4000))
                .verifyComplete();
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
