package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.redis.RedisConfiguration;
import dev.sluice.gateway.outbound.redis.SharedRedis;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.EmbeddedRedis;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import reactor.test.StepVerifier;
import tools.jackson.databind.json.JsonMapper;

/** The contract on a real Redis, and what becomes of links when Redis or a gateway goes. */
class RedisZipLinksTest extends ZipLinksContract {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private static EmbeddedRedis server;
    private static ConfigurableApplicationContext context;
    private static SharedRedis redis;

    @BeforeAll
    static void start() {
        server = EmbeddedRedis.start();
        context = new SpringApplicationBuilder(RedisConfiguration.class)
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
    ZipLinks create(Duration ttl, long capacity) {
        return new RedisZipLinks(redis, new JsonMapper(), ttl, capacity, Clock.systemUTC());
    }

    @Override
    Instant now() {
        return Instant.now();
    }

    @Override
    void pass(Duration ttl) {
        Instant end = Instant.now().plus(ttl).plusMillis(5);
        Await.until(PATIENCE, ttl + " have passed", () -> Instant.now().isAfter(end));
    }

    @Test
    void anotherGatewayFindsTheLink() {
        ZipLink link = keep(create(LONG, 100_000), request(10));
        ZipLinks elsewhere = create(LONG, 100_000);

        StepVerifier.create(elsewhere.find(link.token()))
                .assertNext(found -> {
                    assertThat(found.request()).isEqualTo(link.request());
                    assertThat(found.expiresAt()).isEqualTo(link.expiresAt());
                })
                .verifyComplete();
        ZipLink first = elsewhere.find(link.token()).block();
        assertThat(elsewhere.find(link.token()).block()).isSameAs(first);
    }

    @Test
    void allGatewaysTogetherHoldNoMoreThanOneMay() {
        keep(create(LONG, 10_000), request(4000));

        refuses(create(LONG, 10_000), request(4000));
    }

    @Test
    void nothingIsLeftInRedisWhenTheLastLinkHasExpired() {
        ZipLinks links = create(SHORT, 10_000);
        keep(links, request(1));
        refuses(links, request(5000));
        assertThat(server.command("DBSIZE")).isEqualTo(":3");

        Await.until(PATIENCE, "Redis is empty", () -> server.command("DBSIZE").equals(":0"));
    }

    @Test
    void keysAreOfOneSlot() {
        ZipLink link = keep(create(LONG, 10_000), request(1));

        assertThat(server.command(
                        "EXISTS {sluice}:zip:link:" + link.token() + " {sluice}:zip:links {sluice}:zip:links:weight"))
                .isEqualTo(":3");
    }

    @Test
    void valueThatCannotBeReadIsNoLink() {
        String token = "A".repeat(32);
        server.command("SET {sluice}:zip:link:" + token + " {\"request\":7}");

        StepVerifier.create(create(LONG, 10_000).find(token)).verifyComplete();
    }

    @Test
    void redisThatDoesNotAnswerIsOverloadedAndKnownLinksStillWork() {
        ZipLinks links = create(LONG, 100_000);
        ZipLink link = keep(links, request(1));

        server.pause();
        try {
            refuses(links, request(1));
            StepVerifier.create(create(LONG, 100_000).find(link.token()))
                    .expectErrorSatisfies(ZipLinksContract::overloaded)
                    .verify(PATIENCE);
            StepVerifier.create(links.find(link.token())).expectNext(link).verifyComplete();
        } finally {
            server.resume();
        }

        awaitRedis();
        keep(links, request(1));
    }

    @Test
    void redisThatIsGoneIsOverloadedUntilItIsBackAndThenEmpty() {
        ZipLinks links = create(LONG, 100_000);
        ZipLink link = keep(links, request(1));

        server.kill();
        try {
            refuses(links, request(1));
            refuses(links, request(1));
        } finally {
            server.restart();
        }

        awaitRedis();
        StepVerifier.create(create(LONG, 100_000).find(link.token())).verifyComplete();
        ZipLink fresh = keep(links, request(1));
        StepVerifier.create(create(LONG, 100_000).find(fresh.token()).map(ZipLink::token))
                .expectNext(fresh.token())
                .verifyComplete();
    }

    @Test
    void redisWithoutMemoryIsOverloadedAndKeepsNothing() {
        ZipLinks links = create(LONG, 100_000);
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
                PATIENCE,
                "the client has found Redis",
                () -> Boolean.TRUE.equals(redis.ask(commands -> commands.ping())
                        .map("PONG"::equals)
                        .onErrorReturn(false)
                        .block()));
    }
}
