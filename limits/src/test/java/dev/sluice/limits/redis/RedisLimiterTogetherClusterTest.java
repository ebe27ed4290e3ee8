package dev.sluice.limits.redis;

/** The same on a cluster, with an address' script before the caller's. */
class RedisLimiterTogetherClusterTest extends RedisLimiterClusterTest {

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
