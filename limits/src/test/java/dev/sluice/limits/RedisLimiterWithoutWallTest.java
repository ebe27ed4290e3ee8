package dev.sluice.limits;

/** The same, with the script deciding the buckets of addresses too. */
class RedisLimiterWithoutWallTest extends RedisLimiterTest {

    @Override
    RedisLimiterSettings settings() {
        return RedisFixture.PATIENT.withWall(RedisLimiterSettings.Wall.SCRIPT);
    }
}
