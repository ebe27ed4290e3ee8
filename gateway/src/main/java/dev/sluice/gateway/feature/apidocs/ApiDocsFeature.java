package dev.sluice.gateway.feature.apidocs;

import dev.sluice.gateway.contract.FeatureRoutes;
import java.io.IOException;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.info.BuildProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.io.ClassPathResource;
import tools.jackson.databind.json.JsonMapper;

/** The description of all endpoints for programs: wiring. */
@Configuration(proxyBeanMethods = false)
public class ApiDocsFeature {

    @Bean
    FeatureRoutes apiDocsRoutes(JsonMapper json, ObjectProvider<BuildProperties> build) throws IOException {
        BuildProperties known = build.getIfAvailable();
        return new ApiDocsRoutes(ApiDocument.read(
                new ClassPathResource("openapi.json"), known == null ? null : known.getVersion(), json));
    }
}
