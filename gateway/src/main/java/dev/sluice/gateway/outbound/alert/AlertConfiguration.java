package dev.sluice.gateway.outbound.alert;

import dev.sluice.gateway.contract.Alerts;
import java.time.Clock;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.info.BuildProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Makes the one {@link Alerts} of the application. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(AlertProperties.class)
public class AlertConfiguration {

    /** Closed with the application. */
    @Bean
    Alerts alerts(AlertProperties properties, ObjectProvider<Clock> clock, ObjectProvider<BuildProperties> build) {
        BuildProperties known = build.getIfAvailable();
        String release = known == null ? "sluice" : "sluice@" + known.getVersion();
        return new SentryAlerts(properties, release, clock.getIfAvailable(Clock::systemUTC));
    }
}
