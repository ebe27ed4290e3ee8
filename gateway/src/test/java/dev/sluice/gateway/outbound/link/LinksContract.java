package dev.sluice.gateway.outbound.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.link.Links.Owner;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/** What every place for links promises. */
abstract class LinksContract {
    static final Duration LONG = Duration.ofMinutes(10);
    /** Longer than the few calls that come before its end take on a busy machine. */
    static final Duration SHORT = Duration.ofSeconds(2);

    /** Text as it is, unless it says that it cannot be read. */
    static final Links.Format<String> TEXT = new Links.Format<>() {
        @Override
        public byte[] write(String content) {
            return content.getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public @Nullable String read(byte[] bytes) {
            String text = new String(bytes, StandardCharsets.UTF_8);
            return text.startsWith("unreadable") ? null : text;
        }

        @Override
        public int weight(String content) {
            return 768 + 2 * content.length();
        }
    };

    static final Owner ALICE = new Owner("user:alice", "192.0.2.1");

    /** An empty place. */
    abstract Links<String> create(Links.Bounds bounds);

    /** What a content of so many characters takes there. */
    abstract long weight(int length);

    /** An empty place, all of which may be anybody's. */
    final Links<String> create(Duration ttl, long capacity) {
        return create(new Links.Bounds(ttl, capacity, capacity, capacity));
    }

    /** The time as the place sees it. */
    abstract Instant now();

    /** Returns when {@code ttl} has passed. */
    abstract void pass(Duration ttl);

    @Test
    void linkIsFoundWithEverythingThatWasAskedFor() {
        Links<String> links = create(LONG, 100_000);
        String wanted = "Grüße 🐈, ä \"1\".png?x=\\ \n\r\n\t";
        Instant before = now();

        Link<String> link = keep(links, wanted);

        assertThat(link.content()).isEqualTo(wanted);
        assertThat(link.expiresAt()).isBetween(before.plus(LONG), now().plus(LONG));
        StepVerifier.create(links.find(link.token())).expectNext(link).verifyComplete();
    }

    @Test
    void linkIsThereUntilItExpires() {
        Links<String> links = create(SHORT, 100_000);
        Link<String> link = keep(links, request(1));

        pass(SHORT);

        StepVerifier.create(links.find(link.token())).verifyComplete();
    }

    @Test
    void tokensAre192BitsAndAllDifferent() {
        Links<String> links = create(LONG, 1_000_000);
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
        Links<String> links = create(LONG, 100_000);
        keep(links, request(1));

        for (String token : List.of("A".repeat(32), "", "nothing", "*", "{sluice}:zip:links", "x".repeat(10_000))) {
            StepVerifier.create(links.find(token)).verifyComplete();
        }
    }

    @Test
    void fullPlaceRefusesRatherThanForgets() {
        Links<String> links = create(LONG, 10_000);
        Link<String> first = keep(links, request(1));

        refuses(links, request(10_000));

        StepVerifier.create(links.find(first.token())).expectNext(first).verifyComplete();
        keep(links, request(1000));
    }

    @Test
    void whatHasExpiredMakesRoom() {
        Links<String> links = create(SHORT, 10_000);
        keep(links, request(6000));
        refuses(links, request(6000));

        pass(SHORT);

        keep(links, request(6000));
        refuses(links, request(6000));
    }

    @Test
    void shareOfASubjectIsItsOwnFromWhereverItComes() {
        Links<String> links = create(new Links.Bounds(SHORT, 100_000, 2 * weight(600), 100_000));
        for (String address : List.of("192.0.2.1", "192.0.2.2")) {
            keep(links, request(600), new Owner("user:mallory", address));
        }

        refusesShare(links, request(600), new Owner("user:mallory", "192.0.2.3"));
        keep(links, request(600), new Owner("user:alice", "192.0.2.1"));

        pass(SHORT);
        keep(links, request(600), new Owner("user:mallory", "192.0.2.3"));
    }

    @Test
    void shareOfAnAddressIsThatOfAllItsSubjects() {
        Links<String> links = create(new Links.Bounds(SHORT, 100_000, 100_000, 2 * weight(600)));
        for (String subject : List.of("anon:1", "anon:2")) {
            keep(links, request(600), new Owner(subject, "192.0.2.1"));
        }

        refusesShare(links, request(600), new Owner("anon:3", "192.0.2.1"));
        keep(links, request(600), new Owner("anon:3", "192.0.2.2"));

        pass(SHORT);
        keep(links, request(600), new Owner("anon:3", "192.0.2.1"));
    }

    @Test
    void neverHoldsMoreThanItMayWhenAskedByManyAtOnce() {
        Links<String> links = create(LONG, 10_000);

        long kept = Flux.fromStream(IntStream.range(0, 40).boxed())
                .flatMap(
                        index -> links.create(request(600), ALICE)
                                .subscribeOn(Schedulers.parallel())
                                .map(link -> 1)
                                .onErrorResume(GatewayException.class, refused -> Mono.empty()),
                        40)
                .count()
                .blockOptional(Duration.ofSeconds(20))
                .orElseThrow();

        assertThat(kept).isEqualTo(10_000 / weight(600));
    }

    @Test
    void largeContentComesBackWhole() {
        Links<String> links = create(LONG, 1_000_000);
        String large = request(100_000);

        Link<String> link = keep(links, large);

        StepVerifier.create(links.find(link.token()).map(Link::content))
                .expectNext(large)
                .verifyComplete();
    }

    @Test
    void everyFindIsTheSameLink() {
        Links<String> links = create(LONG, 100_000);
        String token = keep(links, request(1)).token();

        assertThat(links.find(token).block()).isSameAs(links.find(token).block());
    }

    static void refuses(Links<String> links, String request) {
        StepVerifier.create(links.create(request, ALICE))
                .expectErrorSatisfies(LinksContract::overloaded)
                .verify(Duration.ofSeconds(20));
    }

    private static void refusesShare(Links<String> links, String request, Owner holder) {
        StepVerifier.create(links.create(request, holder))
                .expectErrorSatisfies(error -> assertThat(error)
                        .isInstanceOfSatisfying(GatewayException.class, refused -> {
                            assertThat(refused.code()).isEqualTo(ProblemCode.QUOTA_EXCEEDED);
                            assertThat(refused.retryAfter()).isPositive();
                        }))
                .verify(Duration.ofSeconds(20));
    }

    static void overloaded(Throwable error) {
        assertThat(error).isInstanceOfSatisfying(GatewayException.class, refused -> {
            assertThat(refused.code()).isEqualTo(ProblemCode.OVERLOADED);
            assertThat(refused.retryAfter()).isPositive();
        });
    }

    static Link<String> keep(Links<String> links, String request) {
        return keep(links, request, ALICE);
    }

    private static Link<String> keep(Links<String> links, String request, Owner holder) {
        return Objects.requireNonNull(links.create(request, holder).block(Duration.ofSeconds(20)));
    }

    /** So many characters. */
    static String request(int length) {
        return "x".repeat(length);
    }
}
