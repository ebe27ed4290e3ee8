package dev.sluice.gateway.feature.assistant;

import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.http.UserAgent;
import dev.sluice.gateway.outbound.ai.text.GeminiModel;
import dev.sluice.gateway.outbound.ai.text.TextModel;
import dev.sluice.gateway.outbound.ai.text.TextModels;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.URI;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.info.BuildProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.core.env.Profiles;
import org.springframework.http.client.ReactorResourceFactory;
import reactor.core.scheduler.Schedulers;
import tools.jackson.databind.json.JsonMapper;

/** Text from a model: wiring. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(AssistantProperties.class)
public class AssistantFeature {

    /** Closed with the application; the event loops are those of the web server. */
    @Bean
    GeminiModel gemini(
            AssistantProperties properties,
            ReactorResourceFactory resources,
            ObjectProvider<BuildProperties> build,
            JsonMapper json) {
        GeminiModel.Settings settings = new GeminiModel.Settings(
                URI.create(properties.baseUrl()),
                properties.apiVersion(),
                properties.model(),
                properties.apiKey(),
                UserAgent.of(build.getIfAvailable()),
                properties.connectTimeout(),
                properties.longestSilence(),
                properties.idleTimeout(),
                properties.maxAnswer(),
                properties.connections());
        return new GeminiModel(settings, resources.getLoopResources(), json, Schedulers.parallel());
    }

    @Bean
    FeatureRoutes assistantRoutes(
            AssistantProperties properties, GeminiModel gemini, MeterRegistry meters, Environment environment) {
        refuseEchoInProduction(properties, environment);
        TextModel model = switch (properties.provider()) {
            case ECHO -> TextModels.echo();
            case GEMINI ->
                properties.apiKey().isSet()
                        ? TextModels.guarded(gemini, properties.patience(), meters, Schedulers.parallel())
                        : TextModels.unconfigured("This gateway has no key for its model provider.");
        };
        return new AssistantRoutes(
                new AssistantReply(model, properties.deadline()), properties.maxBody(), properties.maxOutputTokens());
    }

    private static void refuseEchoInProduction(AssistantProperties properties, Environment environment) {
        if (properties.provider() == AssistantProperties.Provider.ECHO
                && environment.acceptsProfiles(Profiles.of("prod"))) {
            throw new IllegalStateException("sluice.assistant.provider: echo (expected: gemini in the profile prod)");
        }
    }
}
