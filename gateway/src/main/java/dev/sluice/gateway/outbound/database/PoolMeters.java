package dev.sluice.gateway.outbound.database;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.r2dbc.pool.PoolMetrics;
import java.util.function.ToDoubleFunction;

/**
 * {@code r2dbc.pool.*}, by the names that Spring Boot gives them, and {@code sluice.database.unavailable}: 1 while the
 * last operation found no database.
 */
final class PoolMeters implements MeterBinder {
    private final DatabasePool pool;
    private final Database database;

    PoolMeters(DatabasePool pool, Database database) {
        this.pool = pool;
        this.database = database;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder("sluice.database.unavailable", database, all -> all.isUnavailable() ? 1 : 0)
                .description("1 while the last operation found no database")
                .register(registry);
        pool.metrics().ifPresent(pool -> {
            gauge(registry, pool, "acquired", "Connections in use", PoolMetrics::acquiredSize);
            gauge(registry, pool, "allocated", "Connections open", PoolMetrics::allocatedSize);
            gauge(registry, pool, "idle", "Connections open and not in use", PoolMetrics::idleSize);
            gauge(registry, pool, "pending", "Operations that wait for a connection", PoolMetrics::pendingAcquireSize);
            gauge(registry, pool, "max.allocated", "Connections at most", PoolMetrics::getMaxAllocatedSize);
        });
    }

    private static void gauge(
            MeterRegistry registry,
            PoolMetrics pool,
            String name,
            String description,
            ToDoubleFunction<PoolMetrics> value) {
        Gauge.builder("r2dbc.pool." + name, pool, value)
                .description(description)
                .tag("name", "sluice")
                .strongReference(true)
                .register(registry);
    }
}
