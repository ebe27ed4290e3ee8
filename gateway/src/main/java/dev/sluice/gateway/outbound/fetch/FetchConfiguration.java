package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.contract.http.UserAgent;
import dev.sluice.gateway.outbound.fetch.policy.AllowedNetwork;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.info.BuildProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.core.env.Profiles;
import org.springframework.http.client.ReactorResourceFactory;

/** Makes the one {@link OriginFetch} of the application. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(FetchProperties.class)
public class FetchConfiguration {
    private static final Logger log = LoggerFactory.getLogger(FetchConfiguration.class);

    /** Closed with the application; the event loops are those of the web server. */
    @Bean
    FetchTransport fetchTransport(
            FetchProperties properties,
            ReactorResourceFactory resources,
            ObjectProvider<AllowedNetwork> openings,
            Environment environment) {
        refuseOpeningsInProduction(properties, environment);
        List<AllowedNetwork> opened = Stream.concat(properties.networks().stream(), openings.orderedStream())
                .toList();
        if (!opened.isEmpty()) {
            log.warn("Fetches may reach addresses that are not public: {}", opened);
        }
        return new FetchTransport(properties, resources.getLoopResources(), opened, null);
    }

    @Bean
    OriginUrls originUrls(FetchProperties properties, FetchTransport transport) {
        return new OriginUrls(transport.rules(), properties.allowPorts());
    }

    @Bean
    OriginFetch originFetch(
            FetchProperties properties,
            FetchTransport transport,
            OriginUrls urls,
            Environment environment,
            ObjectProvider<BuildProperties> build,
            ObjectProvider<MeterRegistry> registry,
            ObjectProvider<Clock> clocks) {
        if (environment.acceptsProfiles(Profiles.of("prod"))
                && properties.userAgent().isEmpty()
                && properties.contactUrl().isEmpty()) {
            log.warn("sluice.fetch.contact-url is not set: some origins refuse who does not say how to be reached");
        }
        return FetchFactory.create(
                properties,
                transport,
                urls,
                userAgent(properties, build.getIfAvailable()),
                registry.getIfAvailable(SimpleMeterRegistry::new),
                clocks.getIfAvailable(Clock::systemUTC));
    }

    private static void refuseOpeningsInProduction(FetchProperties properties, Environment environment) {
        if (environment.acceptsProfiles(Profiles.of("prod"))
                && !properties.allowNetworks().isEmpty()
                && !properties.allowNetworksInProduction()) {
            throw new IllegalStateException(
                    "sluice.fetch.allow-networks: " + properties.allowNetworks()
                            + " (expected: empty in the profile prod, unless sluice.fetch.allow-networks-in-production is true)");
        }
    }

    /** Many origins, Wikimedia's among them, ask for a contact and refuse clients that are too busy to have one. */
    private static String userAgent(FetchProperties properties, @Nullable BuildProperties build) {
        if (!properties.userAgent().isEmpty()) {
            return properties.userAgent();
        }
        String contact = properties.contactUrl();
        return contact.isEmpty() ? UserAgent.of(build) : UserAgent.of(build) + " (+" + contact + ")";
    }
}
