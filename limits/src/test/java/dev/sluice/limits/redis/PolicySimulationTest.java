package dev.sluice.limits.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.limits.Budget;
import dev.sluice.limits.CalendarQuota;
import dev.sluice.limits.ConcurrencyLimit;
import dev.sluice.limits.FallbackMode;
import dev.sluice.limits.Limit;
import dev.sluice.limits.Mode;
import dev.sluice.limits.Policy;
import dev.sluice.limits.Reservation;
import dev.sluice.limits.Scope;
import dev.sluice.limits.Subject;
import dev.sluice.limits.TokenBucket;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RestoreArgs;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The scripts against a plain model of what they decide of the policies, request by request: bursts, many callers,
 * batches, requests sent twice, settled late or never, clocks that jump, gateways that are wrong about the time, and
 * failovers to a replica that has not heard the last commands: what these had changed is lost, and nothing else.
 */
class PolicySimulationTest {
    private static final int REQUESTS = 120_000;
    private static final int RUNS = 8;
    private static final int CLUSTER_REQUESTS = 12_000;
    /** Of so many steps, the replica is up to date at one, or takes its master's place. */
    private static final int COPIES = 20;
    /** Longer than a run takes, in milliseconds. */
    private static final long KEPT = 3_600_000;

    private static final RedisLimiterSettings.AddressLimits[] ADDRESS_LIMITS =
            RedisLimiterSettings.AddressLimits.values();
    private static final String[] ZONES = {"Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC"};

    private final EnumMap<Verdict.Code, Integer> seen = new EnumMap<>(Verdict.Code.class);
    private int failovers;
    /** Requests that were admitted and are unknown to the new master, which admits them again. */
    private int admittedAgain;

    /** An admission that may be settled, or sent again. */
    private record Sent(PartReservation reserved, long begins, long ends) {}

    /** What goes in one command. */
    private record Batch(AdmitCommand command, List<Sent> requests) {}

    /** What a replica has. */
    private record Replica(Map<String, byte[]> values, ModelLimits model) {}

    @Test
    void scriptsDecideAsTheModelDoes() throws Exception {
        try (SharedRedis server = new SharedRedis();
                RedisFixture fixture = new RedisFixture(server.uri());
                RedisClient client = RedisClient.create(server.uri());
                StatefulRedisConnection<byte[], byte[]> connection = client.connect(ByteArrayCodec.INSTANCE)) {
            for (int seed = 1; seed <= RUNS; seed++) {
                new Run(seed, fixture, connection.async(), CompiledPolicy.Topology.ONE_NODE).run(REQUESTS / RUNS);
            }
        }

        assertThat(seen.keySet()).containsExactlyInAnyOrder(Verdict.Code.values());
        assertThat(seen.values()).allSatisfy(times -> assertThat(times).isGreaterThan(200));
        assertThat(List.of(failovers, admittedAgain))
                .allSatisfy(times -> assertThat(times).isGreaterThan(100));
    }

    /** A policy's parts lie in the slots of callers and of addresses, and each command is of one slot. */
    @Test
    void scriptsDecideAsTheModelDoesOnACluster() throws Exception {
        try (RedisCluster cluster = new RedisCluster(RedisCluster.Replicas.NONE);
                RedisFixture fixture = new RedisFixture(cluster);
                RedisClusterClient client = RedisClusterClient.create(cluster.uris())) {
            RedisClusterAsyncCommands<byte[], byte[]> redis =
                    client.connect(ByteArrayCodec.INSTANCE).async();
            for (int seed = 1; seed <= RUNS; seed++) {
                new Run(seed, fixture, redis, CompiledPolicy.Topology.CLUSTER).run(CLUSTER_REQUESTS / RUNS);
            }
        }

        assertThat(seen.keySet()).containsExactlyInAnyOrder(Verdict.Code.values());
        assertThat(seen.values()).allSatisfy(times -> assertThat(times).isGreaterThan(50));
        assertThat(List.of(failovers, admittedAgain))
                .allSatisfy(times -> assertThat(times).isGreaterThan(20));
    }

    private final class Run {
        private final Random random;
        private final String name;
        private final RedisFixture fixture;
        private final RedisClusterAsyncCommands<byte[], byte[]> redis;
        private final CompiledPolicy.Topology topology;
        private final Script admit;
        private final Script settle;
        private ModelLimits model = new ModelLimits();
        private final List<CompiledPolicy> policies = new ArrayList<>();
        private final List<Sent> sent = new ArrayList<>();
        private final String prefix;
        /** Since the replica was up to date. */
        private final Set<String> admitted = new HashSet<>();
        /** What an earlier master had admitted and the present one does not know. */
        private final Set<String> forgotten = new HashSet<>();

        private @Nullable Replica replica;
        private long now = Instant.parse("2026-03-28T22:58:00Z").toEpochMilli();
        private int ids;

        private Run(
                long seed,
                RedisFixture fixture,
                RedisClusterAsyncCommands<byte[], byte[]> redis,
                CompiledPolicy.Topology topology) {
            this.random = new Random(seed);
            this.name = "seed " + seed;
            this.fixture = fixture;
            this.redis = redis;
            this.topology = topology;
            this.prefix = fixture.prefix + seed + ':';
            admit = fixture.timed(Script.ofValues("admit.lua"));
            settle = fixture.timed(Script.ofValues("settle.lua"));
            fixture.redis().scriptLoad(admit.text());
            fixture.redis().scriptLoad(settle.text());
            for (int i = 0; i < 4; i++) {
                policies.add(policy(i));
            }
        }

        private CompiledPolicy policy(int number) {
            Mode mode = random.nextInt(6) == 0 ? Mode.SHADOW : Mode.ENFORCED;
            List<Limit> limits = new ArrayList<>(List.of(
                    new TokenBucket(
                            "rate" + number,
                            Scope.SUBJECT,
                            1 + random.nextInt(40),
                            Duration.ofMillis(1000 + random.nextInt(90_000)),
                            1 + random.nextInt(30),
                            mode,
                            FallbackMode.COUNT_LOCALLY),
                    TokenBucket.of("ip" + number, Scope.ADDRESS, 1 + random.nextInt(90), Duration.ofSeconds(30))
                            .withBurst(1 + random.nextInt(20)),
                    CalendarQuota.of(
                            "daily" + number,
                            Scope.ADDRESS,
                            1 + random.nextInt(60),
                            ZoneId.of(ZONES[random.nextInt(ZONES.length)])),
                    new ConcurrencyLimit(
                            "parallel" + number,
                            Scope.SUBJECT,
                            1 + random.nextInt(6),
                            Duration.ofMillis(1000 + random.nextInt(60_000)),
                            random.nextInt(6) == 0 ? Mode.SHADOW : Mode.ENFORCED,
                            FallbackMode.COUNT_LOCALLY),
                    Budget.of(
                            "units" + number,
                            random.nextBoolean() ? Scope.ADDRESS : Scope.SUBJECT,
                            50 + random.nextInt(2000),
                            Duration.ofSeconds(60 + random.nextInt(600)),
                            1 + random.nextInt(20))));
            Collections.shuffle(limits, random);
            return new CompiledPolicy(
                    new Policy("policy" + number, limits.subList(0, 2 + random.nextInt(4))),
                    RedisLimiterSettings.defaults()
                            .withKeyPrefix(prefix)
                            .withAddressLimits(ADDRESS_LIMITS[number % ADDRESS_LIMITS.length]),
                    topology);
        }

        private void run(int requests) throws Exception {
            int done = 0;
            while (done < requests) {
                passTime();
                done += ask(1 + random.nextInt(24));
                if (random.nextInt(3) > 0) {
                    settleSome();
                }
                if (random.nextInt(COPIES) == 0) {
                    copyOrFailOver();
                }
            }
        }

        /** The new master knows what it had heard. What is sent again to it, it decides as if for the first time. */
        private void copyOrFailOver() {
            if (replica == null || random.nextInt(3) == 0) {
                Map<String, byte[]> values = new HashMap<>();
                keys().forEach(key -> values.put(key, fixture.redis().dump(key)));
                replica = new Replica(values, model.copy());
                admitted.clear();
                return;
            }
            failovers++;
            keys().forEach(key -> fixture.redis().del(key));
            replica.values.forEach((key, value) -> fixture.redis()
                    .restore(key, value, RestoreArgs.Builder.ttl(KEPT).replace()));
            model = replica.model;
            forgotten.addAll(admitted);
            admitted.clear();
            replica = null;
        }

        private List<String> keys() {
            return fixture.redis().keys(prefix + "*").stream()
                    .filter(key -> !key.endsWith(":clock"))
                    .toList();
        }

        private void passTime() {
            now += switch (random.nextInt(40)) {
                case 0 -> -random.nextInt(10_000);
                case 1 -> -random.nextInt(7_200_000);
                case 2, 3 -> random.nextInt(7_200_000);
                case 4, 5, 6, 7 -> random.nextInt(30_000);
                case 8, 9, 10, 11, 12, 13, 14, 15 -> random.nextInt(2_000);
                case 16, 17, 18, 19, 20, 21, 22, 23, 24, 25 -> random.nextInt(5);
                default -> 0;
            };
        }

        private int ask(int size) throws Exception {
            long skew = random.nextInt(4) == 0 ? random.nextInt(20_000) - 10_000L : 0;
            Map<String, Batch> batches = new LinkedHashMap<>();
            for (int i = 0; i < size; i++) {
                Sent request = random.nextInt(20) == 0 && !sent.isEmpty() ? again() : fresh();
                Batch batch = batches.computeIfAbsent(
                        request.reserved.shard,
                        _ -> new Batch(new AdmitCommand(prefix, now + skew), new ArrayList<>()));
                batch.command.add(request.reserved, request.begins, request.ends);
                batch.requests.add(request);
            }
            for (Batch batch : batches.values()) {
                AdmitCommand command = batch.command;
                byte[] answer = (byte[]) run(admit, ScriptOutputType.VALUE, command.keys(), command.arguments());
                assertThat(command.verdicts(answer).redisMillis()).as(name).isEqualTo(now);
                List<Verdict> verdicts = command.verdicts(answer).requests();
                for (int i = 0; i < batch.requests.size(); i++) {
                    compare(batch.requests.get(i), verdicts.get(i));
                }
                model.written(now);
            }
            return size;
        }

        private Sent fresh() {
            int who = random.nextInt(3) == 0 ? 0 : random.nextInt(40);
            List<CompiledPolicy.Part> parts = policies.get(random.nextInt(policies.size())).parts;
            return sent(
                    "id-" + ids++,
                    parts.get(random.nextInt(parts.size())),
                    new Subject("user:" + who, "2001:db8:" + who % 7 + "::/64"),
                    random.nextInt(3) == 0 ? reservation() : Reservation.ofTheLimits());
        }

        private Sent again() {
            PartReservation before = sent.get(random.nextInt(sent.size())).reserved;
            return model.isCertain(before.id, now)
                    ? sent(before.id, before.part, before.subject, before.reservation)
                    : fresh();
        }

        /** Of limits of every kind; those that the policy does not have, and rates and slots, are not heard. */
        private Reservation reservation() {
            Map<String, Long> units = new HashMap<>();
            for (int i = 0; i < 4; i++) {
                units.put("units" + i, 1L + random.nextInt(100));
                units.put("daily" + i, 1L + random.nextInt(80));
                units.put("rate" + i, 9L);
                units.put("parallel" + i, 9L);
            }
            return new Reservation(units);
        }

        /** Some have something by lease too, of a window that is not always the current one. */
        private Sent sent(String id, CompiledPolicy.Part part, Subject subject, Reservation reservation) {
            long begins = random.nextInt(8) == 0 ? now - random.nextInt(60) : 0;
            long ends = begins == 0 ? 0 : begins + 1 + random.nextInt(120);
            return new Sent(new PartReservation(id, part, subject, reservation), begins, ends);
        }

        private void compare(Sent request, Verdict verdict) {
            ModelLimits.Expected expected = model.admit(request.reserved, request.begins, request.ends, now);
            List<Long> figures = Arrays.stream(verdict.figures()).boxed().toList();
            if (verdict.code() != expected.code() || !figures.equals(expected.figures())) {
                throw new AssertionError(name + ", request " + request.reserved.id + " at " + now + ": "
                        + verdict.code() + figures + " (expected: " + expected + ") " + request.reserved.charges);
            }
            seen.merge(verdict.code(), 1, Integer::sum);
            if (verdict.code() == Verdict.Code.ADMITTED) {
                admitted.add(request.reserved.id);
                admittedAgain += forgotten.remove(request.reserved.id) ? 1 : 0;
            }
            if (verdict.code() != Verdict.Code.NOT_NOW && sent.size() < 50) {
                sent.add(request);
            } else if (verdict.code() == Verdict.Code.ADMITTED) {
                sent.set(random.nextInt(sent.size()), request);
            }
        }

        private void settleSome() throws Exception {
            Map<String, List<Settlement>> batches = new LinkedHashMap<>();
            for (int i = random.nextInt(Math.min(12, sent.size() + 1)); i >= 0 && !sent.isEmpty(); i--) {
                Sent request = sent.get(random.nextInt(sent.size()));
                if (!model.isCertain(request.reserved.id, now)) {
                    continue;
                }
                Map<String, Long> used = new HashMap<>();
                for (CompiledLimit limit : request.reserved.part.limits) {
                    if (random.nextInt(3) > 0) {
                        used.put(limit.limit.name(), (long) random.nextInt(40));
                    }
                }
                batches.computeIfAbsent(request.reserved.shard, _ -> new ArrayList<>())
                        .add(new Settlement(request.reserved, used));
                model.settle(request.reserved.id, request.reserved.charges, used, now);
            }
            for (List<Settlement> batch : batches.values()) {
                Settlement.Command command = new Settlement.Command(batch, prefix, ModelLimits.SETTLED_FOR);
                run(settle, ScriptOutputType.INTEGER, command.keys(), command.arguments());
                model.written(now);
            }
        }

        private Object run(Script script, ScriptOutputType output, byte[][] keys, byte[]... arguments)
                throws Exception {
            fixture.setTime(Instant.ofEpochMilli(now), keys[0]);
            return redis.evalsha(script.digest(), output, keys, arguments).get(10, TimeUnit.SECONDS);
        }
    }
}
