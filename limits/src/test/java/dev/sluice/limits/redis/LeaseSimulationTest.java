package dev.sluice.limits.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.limits.Budget;
import dev.sluice.limits.Scope;
import dev.sluice.limits.Window;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RestoreArgs;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Processes that share one budget, against the plain model of it, which is one sum: questions that are lost, answered
 * twice, too late or never, processes that die and begin, requests that use less or more than they reserved, and
 * failovers to a replica that has not heard the last questions.
 */
class LeaseSimulationTest {
    private static final int WINDOWS = 250;
    private static final int STEPS = 150;
    private static final List<Fate> FATES = List.of(Fate.values());
    private static final Duration HOUR = Duration.ofHours(1);

    private final EnumMap<Fate, Integer> seen = new EnumMap<>(Fate.class);
    private int admitted;
    private int refused;
    private int deaths;
    private int failovers;
    private long lostInAll;
    private long excessInAll;

    /** What becomes of a question. */
    private enum Fate {
        ANSWERED,
        TWICE,
        ANSWER_LOST,
        LOST,
        LATE
    }

    @Test
    void processesNeverSpendMoreThanTheBudgetAndAllOfIt() throws Exception {
        try (SharedRedis server = new SharedRedis();
                RedisFixture fixture = new RedisFixture(server.uri());
                RedisClient client = RedisClient.create(server.uri());
                StatefulRedisConnection<byte[], byte[]> connection = client.connect(ByteArrayCodec.INSTANCE)) {
            for (int i = 0; i < WINDOWS; i++) {
                new Run(i, fixture, connection).run();
            }
        }
        assertThat(seen).as("fates").containsOnlyKeys(Fate.values());
        assertThat(List.of(admitted, refused, deaths, failovers))
                .allSatisfy(times -> assertThat(times).isGreaterThan(100));
        // What a replica had not heard can be spent again; if it never was, this would show nothing.
        assertThat(excessInAll).isPositive().isLessThanOrEqualTo(lostInAll);
    }

    /** One window. */
    private final class Run {
        private final Random random;
        private final String name;
        private final RedisFixture fixture;
        private final StatefulRedisConnection<byte[], byte[]> connection;
        private final Script script;
        private final CompiledLimit limit;
        private final Window window;
        private final long now;
        private final long capacity;
        private final String key;
        private final List<Lease> living = new ArrayList<>();
        private final List<Lease> all = new ArrayList<>();
        private final List<Open> open = new ArrayList<>();
        private final List<Runnable> late = new ArrayList<>();
        private final boolean hasFailovers;
        private byte @Nullable [] replica;
        private long lost;
        private long usedBeyond;
        private long mostExcess;
        private boolean isFair = true;

        private Run(int seed, RedisFixture fixture, StatefulRedisConnection<byte[], byte[]> connection) {
            random = new Random(seed);
            name = "seed " + seed;
            this.fixture = fixture;
            this.connection = connection;
            script = fixture.timed(Script.named("lease.lua"));
            fixture.redis().scriptLoad(script.text());
            capacity = 1L + random.nextInt(random.nextBoolean() ? 40 : 3000);
            limit = new CompiledLimit(Budget.of("units", Scope.GLOBAL, capacity, HOUR, 1), 0, fixture.prefix);
            now = Instant.parse("2026-03-28T22:30:00Z")
                    .plus(HOUR.multipliedBy(seed))
                    .toEpochMilli();
            window = Objects.requireNonNull(limit.windowAt(now));
            key = limit.key(window);
            hasFailovers = random.nextInt(3) == 0;
            for (int i = 0; i < 3; i++) {
                begin();
            }
        }

        /** A reservation that is not settled. */
        private record Open(Lease lease, long units) {}

        private void begin() {
            Lease lease = new Lease(limit, key, window, name + '-' + all.size(), 1000);
            living.add(lease);
            all.add(lease);
        }

        private void run() throws Exception {
            fixture.setTime(Instant.ofEpochMilli(now));
            for (int i = 0; i < STEPS; i++) {
                step();
                check();
            }
            late.forEach(Runnable::run);
            giveBack();
            excessInAll += mostExcess;
            if (isFair) {
                nothingIsStarved();
            }
        }

        private void step() throws Exception {
            Lease lease = living.get(random.nextInt(living.size()));
            switch (random.nextInt(24)) {
                case 0 -> report(lease);
                case 1, 2, 3, 4 -> settle();
                case 5 -> {
                    if (random.nextInt(4) == 0) {
                        die(lease);
                    }
                }
                case 6 -> copyOrFailOver();
                case 7 -> {
                    if (!late.isEmpty()) {
                        late.remove(random.nextInt(late.size())).run();
                    }
                }
                default -> reserve(lease, 1L + random.nextInt(random.nextInt(10) == 0 ? (int) capacity : 3));
            }
        }

        private void reserve(Lease lease, long units) throws Exception {
            boolean isDecided = lease.reserve(units, 100, new Lease.Claim() {
                @Override
                public void granted(Lease granting, long retryMillis) {
                    assertThat(retryMillis).isZero();
                    admitted++;
                    open.add(new Open(granting, units));
                }

                @Override
                public void refused(Lease refusing, long retryMillis) {
                    assertThat(retryMillis).isPositive();
                    refused++;
                }

                @Override
                public void notNow() {
                    throw new AssertionError(name + ": the window is the current one");
                }

                @Override
                public void failed() {}
            });
            if (!isDecided) {
                send(lease, lease.ask(8), fate());
            }
        }

        private Fate fate() {
            return random.nextInt(3) > 0 ? Fate.ANSWERED : FATES.get(random.nextInt(FATES.size()));
        }

        private void report(Lease lease) throws Exception {
            send(lease, lease.report(), fate());
        }

        private void send(Lease lease, Lease.@Nullable Question question, Fate fate) throws Exception {
            if (question == null) {
                return;
            }
            seen.merge(fate, 1, Integer::sum);
            switch (fate) {
                case ANSWERED -> lease.answered(question, ask(lease, question), now);
                case TWICE -> {
                    Lease.Answer first = ask(lease, question);
                    Lease.Answer second = ask(lease, question);
                    assertThat(second).as(name).isEqualTo(first);
                    lease.answered(question, second, now);
                }
                case ANSWER_LOST -> {
                    ask(lease, question);
                    lease.failed(question);
                }
                case LOST -> lease.failed(question);
                case LATE -> {
                    lease.failed(question);
                    late.add(() -> {
                        try {
                            lease.answered(question, ask(lease, question), now);
                        } catch (Exception e) {
                            throw new AssertionError(e);
                        }
                    });
                }
            }
        }

        private Lease.Answer ask(Lease lease, Lease.Question question) throws Exception {
            byte[] answer = connection
                    .async()
                    .<byte[]>evalsha(
                            script.digest(),
                            ScriptOutputType.VALUE,
                            new byte[][] {Keys.bytes(key)},
                            lease.holder.getBytes(US_ASCII),
                            Leases.arguments(lease, question, 8))
                    .get(10, TimeUnit.SECONDS);
            MessagePack.Reader numbers = new MessagePack.Reader(answer);
            assertThat(numbers.next()).isEqualTo(now);
            return Leases.answer(numbers);
        }

        private void settle() {
            if (open.isEmpty()) {
                return;
            }
            Open done = open.remove(random.nextInt(open.size()));
            long used = random.nextInt(30) == 0 ? done.units + random.nextInt(5) : random.nextLong(done.units + 1);
            usedBeyond += Math.max(0, used - done.units);
            done.lease.correct(used - done.units);
        }

        /** It says no more; its requests are never settled. */
        private void die(Lease lease) {
            deaths++;
            living.remove(lease);
            open.removeIf(each -> each.lease == lease);
            begin();
        }

        private void copyOrFailOver() {
            if (!hasFailovers) {
                return;
            }
            byte[] state = connection.sync().dump(Keys.bytes(key));
            if (replica == null || random.nextInt(3) > 0) {
                replica = state;
                return;
            }
            failovers++;
            isFair = false;
            Map<String, Long> before = heldByEach();
            connection
                    .sync()
                    .restore(
                            Keys.bytes(key),
                            replica,
                            RestoreArgs.Builder.ttl(3_600_000).replace());
            // A client sends again what the old master has not answered, in the order in which it was asked.
            late.forEach(Runnable::run);
            late.clear();
            Map<String, Long> after = heldByEach();
            before.forEach((holder, units) -> lost += Math.max(0, units - after.getOrDefault(holder, 0L)));
        }

        private Map<String, Long> heldByEach() {
            Map<String, Long> held = new HashMap<>();
            fixture.redis().hgetall(key).forEach((holder, state) -> {
                String[] numbers = state.split(" ", -1);
                if (numbers.length == 3) {
                    held.put(holder, Long.parseLong(numbers[1]));
                }
            });
            return held;
        }

        private long held() {
            String total = fixture.redis().hget(key, "total");
            return total == null ? 0 : Long.parseLong(total);
        }

        private long spent() {
            return all.stream().mapToLong(Lease::spent).sum();
        }

        /** The plain model: what was reserved or used by anybody is within the budget. */
        private void check() {
            long excess = spent() - capacity - usedBeyond;
            assertThat(excess).as(name).isLessThanOrEqualTo(lost);
            mostExcess = Math.max(mostExcess, excess);
        }

        /** Each living process says that it wants nothing in store. */
        private void giveBack() throws Exception {
            for (Lease lease : living) {
                send(lease, lease.look(), Fate.ANSWERED);
            }
            lostInAll += lost;
        }

        /** What is left is all that is not spent and did not die with its holder, and the last unit can be had. */
        private void nothingIsStarved() throws Exception {
            long kept = held();
            for (Lease lease : living) {
                kept -= lease.spent();
            }
            Map<String, Long> each = heldByEach();
            living.forEach(lease -> each.remove(lease.holder));
            long ofTheDead = each.values().stream().mapToLong(units -> units).sum();
            assertThat(kept).as(name + ", of the dead").isEqualTo(ofTheDead);
            long left = Math.max(0, capacity - held());
            long before = admitted;
            for (long i = 0; i <= left; i++) {
                Lease lease = living.get((int) (i % living.size()));
                int now = admitted;
                reserveCleanly(lease);
                if (admitted == now) {
                    giveBack();
                    reserveCleanly(lease);
                }
            }
            assertThat(admitted - before).as(name + ", of what was left").isEqualTo(left);
        }

        private void reserveCleanly(Lease lease) throws Exception {
            boolean isDecided = lease.reserve(1, 100, new Lease.Claim() {
                @Override
                public void granted(Lease granting, long retryMillis) {
                    admitted++;
                }

                @Override
                public void refused(Lease refusing, long retryMillis) {
                    refused++;
                }

                @Override
                public void notNow() {
                    throw new AssertionError(name);
                }

                @Override
                public void failed() {
                    throw new AssertionError(name);
                }
            });
            if (!isDecided) {
                send(lease, lease.ask(8), Fate.ANSWERED);
            }
        }
    }
}
