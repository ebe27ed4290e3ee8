package dev.sluice.gateway.outbound.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.redis.RedisConfiguration;
import dev.sluice.gateway.outbound.redis.SharedRedis;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.EmbeddedRedis;
import io.lettuce.core.resource.NettyCustomizer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import reactor.test.StepVerifier;

/** The contract on a real Redis, and what becomes of links when Redis or a gateway goes. */
class RedisLinksTest extends LinksContract {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private static EmbeddedRedis server;
    private static ConfigurableApplicationContext context;
    private static SharedRedis redis;

    /** The whole gateway has one that ends silent connections. */
    static final class AnyConnections implements NettyCustomizer {}

    @BeforeAll
    static void start() {
        server = EmbeddedRedis.start();
        context = new SpringApplicationBuilder(RedisConfiguration.class, AnyConnections.class)
                .web(WebApplicationType.NONE)
                .properties(Map.of("spring.main.banner-mode", "off", "sluice.redis.command-timeout", "500ms"))
                .run("--sluice.redis.url=" + server.url());
        redis = context.getBean(SharedRedis.class);
    }

    @AfterAll
    static void stop() {
        context.close();
        server.close();
    }

    @BeforeEach
    void empty() {
        assertThat(server.command("FLUSHALL")).isEqualTo("+OK");
        awaitRedis();
    }

    @Override
    Links<String> create(Links.Bounds bounds) {
        return new RedisLinks<>(redis, "zip", TEXT, bounds, Clock.systemUTC());
    }

    /** With the time, 13 digits and a line feed, before the Base64 of it. */
    @Override
    long weight(int length) {
        return Links.OVERHEAD + 14 + 4L * Math.ceilDiv(length, 3);
    }

    @Override
    Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS);
    }

    @Override
    void pass(Duration ttl) {
        Instant end = Instant.now().plus(ttl).plusMillis(5);
        Await.until(TIMEOUT, ttl + " have passed", () -> Instant.now().isAfter(end));
    }

    @Test
    void anotherGatewayFindsTheLink() {
        Link<String> link = keep(create(LONG, 100_000), request(10));
        Links<String> elsewhere = create(LONG, 100_000);

        StepVerifier.create(elsewhere.find(link.token()))
                .assertNext(found -> {
                    assertThat(found.content()).isEqualTo(link.content());
                    assertThat(found.expiresAt()).isEqualTo(link.expiresAt());
                })
                .verifyComplete();
        Link<String> first = elsewhere.find(link.token()).block();
        assertThat(elsewhere.find(link.token()).block()).isSameAs(first);
    }

    @Test
    void allGatewaysTogetherHoldNoMoreThanOneMay() {
        keep(create(LONG, 10_000), request(4000));

        refuses(create(LONG, 10_000), request(4000));
        keep(create(LONG, 20_000), request(4000));
    }

    @Test
    void nothingIsLeftInRedisWhenTheLastLinkHasExpired() {
        Links<String> links = create(SHORT, 10_000);
        keep(links, request(1));
        refuses(links, request(10_000));
        assertThat(server.command("DBSIZE")).isEqualTo(":3");

        Await.until(TIMEOUT, "Redis is empty", () -> server.command("DBSIZE").equals(":0"));
    }

    @Test
    void keysAreOfOneSlot() {
        Link<String> link = keep(create(LONG, 10_000), request(1));

        assertThat(server.command("EXISTS {sluice}:zip:link:" + link.token()
                        + " {sluice}:zip:links:live {sluice}:zip:links:held"))
                .isEqualTo(":3");
    }

    @Test
    void valueThatCannotBeReadIsNoLink() {
        String token = "A".repeat(32);
        for (String value : List.of(
                "7",
                "x\\ny",
                "\\ny",
                "99999999999999999999\\ny",
                "9999999999999\\n-",
                "9999999999999\\ndW5yZWFkYWJsZQ==")) {
            assertThat(server.command("SET {sluice}:zip:link:" + token + " \"" + value + "\""))
                    .isEqualTo("+OK");

            StepVerifier.create(create(LONG, 10_000).find(token)).verifyComplete();
        }
    }

    @Test
    void redisThatDoesNotAnswerIsOverloadedAndKnownLinksStillWork() {
        Links<String> links = create(LONG, 100_000);
        Link<String> link = keep(links, request(1));

        server.pause();
        try {
            refuses(links, request(1));
            StepVerifier.create(create(LONG, 100_000).find(link.token()))
                    .expectErrorSatisfies(LinksContract::overloaded)
                    .verify(TIMEOUT);
            StepVerifier.create(links.find(link.token())).expectNext(link).verifyComplete();
        } finally {
            server.resume();
        }

        awaitRedis();
        keep(links, request(1));
    }

    @Test
    void redisThatIsGoneIsOverloadedUntilItIsBackAndThenEmpty() {
        Links<String> links = create(LONG, 100_000);
        Link<String> link = keep(links, request(1));

        server.kill();
        try {
            refuses(links, request(1));
            refuses(links, request(1));
        } finally {
            server.restart();
        }

        awaitRedis();
        StepVerifier.create(create(LONG, 100_000).find(link.token())).verifyComplete();
        Link<String> fresh = keep(links, request(1));
        StepVerifier.create(create(LONG, 100_000).find(fresh.token()).map(Link::token))
                .expectNext(fresh.token())
                .verifyComplete();
    }

    @Test
    void redisWithoutMemoryIsOverloadedAndKeepsNothing() {
        Links<String> links = create(LONG, 100_000);
        server.command("CONFIG SET maxmemory 1");
        try {
            refuses(links, request(1));
            assertThat(server.command("DBSIZE")).isEqualTo(":0");
        } finally {
            server.command("CONFIG SET maxmemory 0");
        }
        keep(links, request(1));
    }

    /** The client finds out by itself; not one request is needed for it. */
    private static void awaitRedis() {
        Await.until(
                TIMEOUT,
                "the client has found Redis",
                () -> Boolean.TRUE.equals(redis.ask(commands -> commands.ping())
                        .map("PONG"::equals)
                        .onErrorReturn(false)
                        .block()));
    }
}
