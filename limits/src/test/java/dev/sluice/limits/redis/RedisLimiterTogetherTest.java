package dev.sluice.limits.redis;

/** The same, with address limits decided together with all others. */
class RedisLimiterTogetherTest extends RedisLimiterTest {

    @Override
    RedisLimiterSettings settings() {
        return RedisFixture.PATIENT.withAddressLimits(RedisLimiterSettings.AddressLimits.TOGETHER);
    }
}
