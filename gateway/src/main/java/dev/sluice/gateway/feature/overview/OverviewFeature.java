package dev.sluice.gateway.feature.overview;

import dev.sluice.gateway.contract.FeatureRoutes;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.util.Map;
import java.util.TreeMap;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.scheduler.Schedulers;

/** The last hour, for admins: wiring. */
@Configuration(proxyBeanMethods = false)
public class OverviewFeature {
    private static final String SUFFIX = "HealthIndicator";

    @Bean(destroyMethod = "close")
    MeterHistory meterHistory(MeterRegistry meters, ObjectProvider<Clock> clocks) {
        return new MeterHistory(meters, clocks.getIfAvailable(Clock::systemUTC), Schedulers.parallel());
    }

    @Bean
    FeatureRoutes overviewRoutes(MeterHistory history, Map<String, ReactiveHealthIndicator> indicators) {
        Map<String, ReactiveHealthIndicator> byName = new TreeMap<>();
        indicators.forEach((bean, indicator) -> byName.put(bean.replace(SUFFIX, ""), indicator));
        return new OverviewRoutes(history, byName);
    }
}
