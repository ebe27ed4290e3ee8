package dev.sluice.limits.redis;

/** The same, with the script deciding the buckets of addresses together with all others. */
class RedisLimiterTogetherTest extends RedisLimiterTest {

    @Override
    RedisLimiterSettings settings() {
        return RedisFixture.PATIENT.withAddressLimits(RedisLimiterSettings.AddressLimits.TOGETHER);
    }

    @Override
    long countedOfThree() {
        return 1;
    }

    @Override
    String addressKeys() {
        return "address:*";
    }
}
