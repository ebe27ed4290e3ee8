package dev.sluice.gateway.feature.samples;

import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.outbound.fetch.policy.AllowedNetwork;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;

/** Development only: pictures to try the gateway with: wiring. */
@Configuration(proxyBeanMethods = false)
@Profile("!prod")
@ConditionalOnBooleanProperty(name = "sluice.samples.enabled", matchIfMissing = true)
@EnableConfigurationProperties(SamplesProperties.class)
public class SamplesFeature {

    @Bean(destroyMethod = "stop")
    SampleOrigin sampleOrigin(SamplesProperties properties) {
        return SampleOrigin.start(properties.port());
    }

    @Bean
    AllowedNetwork sampleOriginIsAllowed(SampleOrigin origin) {
        return AllowedNetwork.parse("127.0.0.1:" + origin.address().getPort());
    }

    @Bean
    FeatureRoutes sampleRoutes(SampleOrigin origin) {
        return new SampleRoutes(origin);
    }
}
