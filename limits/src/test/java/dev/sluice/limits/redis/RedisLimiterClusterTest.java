package dev.sluice.limits.redis;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The same on a cluster: what a policy takes lies in several slots. */
class RedisLimiterClusterTest extends RedisLimiterTest {
    private static RedisCluster cluster;

    @BeforeAll
    static void startCluster() {
        cluster = new RedisCluster(RedisCluster.Replicas.NONE);
    }

    @AfterAll
    static void stopCluster() {
        cluster.close();
    }

    @Override
    RedisFixture fixtureOf() {
        return new RedisFixture(cluster);
    }
}
