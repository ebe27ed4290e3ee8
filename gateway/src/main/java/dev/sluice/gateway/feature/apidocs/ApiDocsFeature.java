package dev.sluice.gateway.feature.apidocs;

import dev.sluice.gateway.contract.FeatureRoutes;
import java.io.IOException;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.info.BuildProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.io.ClassPathResource;
import tools.jackson.databind.json.JsonMapper;

/** The description of all endpoints, for programs and, where the web app is on, for people: wiring. */
@Configuration(proxyBeanMethods = false)
public class ApiDocsFeature {

    @Bean
    ApiDocument apiDocument(JsonMapper json, ObjectProvider<BuildProperties> build) throws IOException {
        BuildProperties known = build.getIfAvailable();
        return ApiDocument.read(new ClassPathResource("openapi.json"), known == null ? null : known.getVersion(), json);
    }

    @Bean
    FeatureRoutes apiDocsRoutes(ApiDocument document) {
        return new ApiDocsRoutes(document);
    }

    @Bean
    @ConditionalOnBooleanProperty(name = "sluice.web-app.enabled", matchIfMissing = true)
    FeatureRoutes apiPageRoutes(ApiDocument document, JsonMapper json) throws IOException {
        return new ApiPageRoutes(
                ApiPage.of(json.readTree(document.bytes()), json),
                new ClassPathResource("apidocs/style.css").getContentAsByteArray());
    }
}
