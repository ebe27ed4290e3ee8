package dev.sluice.gateway.outbound.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.fetch.policy.AllowedNetwork;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.Pictures;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ApplicationContext;
import org.springframework.http.client.ReactorResourceFactory;
import reactor.core.publisher.Mono;

@ExtendWith(OutputCaptureExtension.class)
class FetchConfigurationTest {
    private final HostileOrigin origin = HostileOrigin.start().on("/a.png", Behaviours.image(Pictures.png(1_000)));
    private final ApplicationContextRunner application = new ApplicationContextRunner()
            .withUserConfiguration(FetchConfiguration.class)
            .withBean(ReactorResourceFactory.class, FetchConfigurationTest::ownLoops);

    private static ReactorResourceFactory ownLoops() {
        var resources = new ReactorResourceFactory();
        resources.setUseGlobalResources(false);
        resources.setShutdownQuietPeriod(Duration.ZERO);
        return resources;
    }

    @AfterEach
    void stop() {
        origin.close();
    }

    private @Nullable Object fetch(ApplicationContext context) {
        return context.getBean(OriginFetch.class)
                .fetch(FetchRig.request(origin.url("/a.png"), 1_000), FetchRig::bytes)
                .map(bytes -> (Object) bytes.length)
                .onErrorResume(FetchException.class, e -> Mono.just(e.failure()))
                .block(FetchRig.PATIENCE);
    }

    @Test
    void nothingPrivateIsOpenByDefault(CapturedOutput output) {
        application.run(context -> {
            assertThat(fetch(context)).isIn(FetchFailure.INVALID_URL, FetchFailure.BLOCKED_ADDRESS);
            assertThat(output).doesNotContain("not public");
        });
    }

    @Test
    void networkOfTheConfigurationIsOpenedAndNamed(CapturedOutput output) {
        application
                .withPropertyValues("sluice.fetch.allow-networks=" + origin.addressAndPort())
                .run(context -> {
                    assertThat(fetch(context)).isEqualTo(1_000);
                    assertThat(output).contains("WARN").contains("not public: [" + origin.addressAndPort() + "]");
                });
    }

    @Test
    void networkOfAnotherBeanIsOpenedToo() {
        application
                .withBean(AllowedNetwork.class, () -> AllowedNetwork.parse(origin.addressAndPort()))
                .run(context -> assertThat(fetch(context)).isEqualTo(1_000));
    }

    @Test
    void productionRefusesToStartWithOpenedNetworks() {
        application
                .withPropertyValues("spring.profiles.active=prod", "sluice.fetch.allow-networks=10.0.0.0/8")
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .hasMessage("sluice.fetch.allow-networks: [10.0.0.0/8] (expected: empty in the profile prod,"
                                + " unless sluice.fetch.allow-networks-in-production is true)"));
    }

    @Test
    void productionStartsWithOpenedNetworksWhenItIsTold() {
        application
                .withPropertyValues(
                        "spring.profiles.active=prod",
                        "sluice.fetch.allow-networks=10.0.0.0/8",
                        "sluice.fetch.allow-networks-in-production=true")
                .run(context -> assertThat(context).hasNotFailed());
    }

    @Test
    void userAgentSaysWhoAsks() {
        application
                .withPropertyValues(
                        "sluice.fetch.allow-networks=" + origin.addressAndPort(), "sluice.fetch.user-agent=Other/2")
                .run(context -> fetch(context));
        application
                .withPropertyValues(
                        "sluice.fetch.allow-networks=" + origin.addressAndPort(),
                        "sluice.fetch.contact-url=https://example.com/who")
                .run(context -> fetch(context));
        application
                .withPropertyValues("sluice.fetch.allow-networks=" + origin.addressAndPort())
                .run(context -> fetch(context));

        assertThat(origin.requests().getFirst().header("User-Agent")).containsExactly("Other/2");
        assertThat(origin.requests().get(1).header("User-Agent")).containsExactly("Sluice (+https://example.com/who)");
        assertThat(origin.requests().getLast().header("User-Agent")).containsExactly("Sluice");
    }
}
