package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.OnError;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.RemoteImage;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/** What every place for links promises. */
abstract class ZipLinksContract {
    static final Duration LONG = Duration.ofMinutes(10);
    static final Duration SHORT = Duration.ofMillis(300);

    /** An empty place. */
    abstract ZipLinks create(Duration ttl, long capacity);

    /** The time as the place sees it. */
    abstract Instant now();

    /** Returns when {@code ttl} has passed. */
    abstract void pass(Duration ttl);

    @Test
    void linkIsFoundWithEverythingThatWasAskedFor() {
        ZipLinks links = create(LONG, 100_000);
        ZipRequest wanted = new ZipRequest(
                List.of(
                        new RemoteImage("https://example.com/ä \"1\".png?x=\\", "Grüße 🐈"),
                        new RemoteImage("https://example.com/2.png", null)),
                "Ferien",
                OnError.FAIL);
        Instant before = now();

        ZipLink link = keep(links, wanted);

        assertThat(link.request()).isEqualTo(wanted);
        assertThat(link.expiresAt()).isBetween(before.plus(LONG), now().plus(LONG));
        StepVerifier.create(links.find(link.token())).expectNext(link).verifyComplete();
    }

    @Test
    void linkIsThereUntilItExpires() {
        ZipLinks links = create(SHORT, 100_000);
        ZipLink link = keep(links, request(1));

        pass(SHORT);

        StepVerifier.create(links.find(link.token())).verifyComplete();
    }

    @Test
    void tokensAre192BitsAndAllDifferent() {
        ZipLinks links = create(LONG, 1_000_000);
        Set<String> tokens = new HashSet<>();
        for (int index = 0; index < 50; index++) {
            tokens.add(keep(links, request(1)).token());
        }
        assertThat(tokens)
                .hasSize(50)
                .allSatisfy(token ->
                        assertThat(Base64.getUrlDecoder().decode(token)).hasSize(24));
    }

    @Test
    void unknownTokenIsNothing() {
        ZipLinks links = create(LONG, 100_000);
        keep(links, request(1));

        for (String token : List.of("A".repeat(32), "", "nothing", "*", "{sluice}:zip:links", "x".repeat(10_000))) {
            StepVerifier.create(links.find(token)).verifyComplete();
        }
    }

    @Test
    void fullPlaceRefusesRatherThanForgets() {
        ZipLinks links = create(LONG, 10_000);
        ZipLink first = keep(links, request(1));

        refuses(links, request(5000));

        StepVerifier.create(links.find(first.token())).expectNext(first).verifyComplete();
        keep(links, request(1000));
    }

    @Test
    void whatHasExpiredMakesRoom() {
        ZipLinks links = create(SHORT, 10_000);
        keep(links, request(4000));
        refuses(links, request(4000));

        pass(SHORT);

        keep(links, request(4000));
        refuses(links, request(4000));
    }

    @Test
    void neverHoldsMoreThanItMayWhenAskedByManyAtOnce() {
        ZipLinks links = create(LONG, 10_000);

        long kept = Flux.fromStream(IntStream.range(0, 40).boxed())
                .flatMap(
                        index -> links.keep(request(600))
                                .subscribeOn(Schedulers.parallel())
                                .map(link -> 1)
                                .onErrorResume(GatewayException.class, refused -> Mono.empty()),
                        40)
                .count()
                .blockOptional(Duration.ofSeconds(20))
                .orElseThrow();

        // Each weighs 512 + 256 + 2 × 600.
        assertThat(kept).isEqualTo(10_000 / 1968);
    }

    @Test
    void largeRequestComesBackWhole() {
        ZipLinks links = create(LONG, 1_000_000);
        ZipRequest large = new ZipRequest(
                IntStream.range(0, 20)
                        .mapToObj(index ->
                                new RemoteImage("https://example.com/" + "x".repeat(3000) + index, "n" + index))
                        .toList(),
                null,
                OnError.SKIP);

        ZipLink link = keep(links, large);

        StepVerifier.create(links.find(link.token()).map(ZipLink::request))
                .expectNext(large)
                .verifyComplete();
    }

    @Test
    void everyFindIsTheSameLinkSoThatListenersSeeTheDownload() {
        ZipLinks links = create(LONG, 100_000);
        String token = keep(links, request(1)).token();
        ZipLink downloads = Objects.requireNonNull(links.find(token).block());
        ZipLink listens = Objects.requireNonNull(links.find(token).block());

        ZipProgress board = downloads.begin();

        assertThat(listens.progress()).isSameAs(board);
    }

    static void refuses(ZipLinks links, ZipRequest request) {
        StepVerifier.create(links.keep(request))
                .expectErrorSatisfies(ZipLinksContract::overloaded)
                .verify(Duration.ofSeconds(20));
    }

    static void overloaded(Throwable error) {
        assertThat(error).isInstanceOfSatisfying(GatewayException.class, refused -> {
            assertThat(refused.code()).isEqualTo(ProblemCode.OVERLOADED);
            assertThat(refused.retryAfter()).isPositive();
        });
    }

    static ZipLink keep(ZipLinks links, ZipRequest request) {
        return Objects.requireNonNull(links.keep(request).block(Duration.ofSeconds(20)));
    }

    /** Of one image whose URL has so many characters. */
    static ZipRequest request(int urlLength) {
        return new ZipRequest(List.of(new RemoteImage("x".repeat(urlLength), null)), null, OnError.SKIP);
    }
}
