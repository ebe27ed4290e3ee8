package dev.sluice.gateway.feature.webapp;

import dev.sluice.gateway.contract.FeatureRoutes;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The web app: wiring. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnBooleanProperty(name = "sluice.web-app.enabled", matchIfMissing = true)
@EnableConfigurationProperties(WebAppProperties.class)
public class WebAppFeature {

    @Bean
    Assets webAppFiles() {
        return Assets.load();
    }

    @Bean
    FeatureRoutes webAppRoutes(Assets webAppFiles, WebAppProperties properties) {
        return new WebAppRoutes(webAppFiles, properties);
    }
}
