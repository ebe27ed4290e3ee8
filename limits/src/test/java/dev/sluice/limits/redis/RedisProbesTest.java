package dev.sluice.limits.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.limits.RecordedEvents;
import dev.sluice.limits.redis.connection.RedisLink;
import dev.sluice.limits.redis.connection.Silence;
import io.lettuce.core.RedisException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.test.scheduler.VirtualTimeScheduler;

class RedisProbesTest {
    private static final RedisLimiterSettings.Breaker SETTINGS =
            RedisLimiterSettings.defaults().breaker();

    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private final RecordedEvents events = new RecordedEvents();
    private final RedisBreaker breaker =
            new RedisBreaker(SETTINGS, events, new Silence(Duration.ZERO, this::now), this::now);
    private final Set<String> dead = new HashSet<>();
    private final List<String> asked = new ArrayList<>();
    private final RedisProbes probes = new RedisProbes(
            this::ask,
            () -> List.of(new RedisLink.Master("s1", "a:1"), new RedisLink.Master("s2", "b:1")),
            CompiledPolicy.Topology.CLUSTER,
            breaker,
            time);

    private long now() {
        return time.now(TimeUnit.NANOSECONDS);
    }

    @AfterEach
    void end() {
        probes.close();
    }

    private CompletionStage<?> ask(String tag) {
        asked.add(tag);
        return dead.contains(tag)
                ? CompletableFuture.failedFuture(new RedisException("gone"))
                : CompletableFuture.completedFuture(1L);
    }

    private void fail(String shard, int times) {
        for (int i = 0; i < times; i++) {
            if (breaker.mayCall(shard)) {
                breaker.failed(shard, 0, new RedisException("gone"));
            }
        }
    }

    private void pass(Duration duration) {
        time.advanceTimeBy(duration);
    }

    @Test
    void nothingIsAskedWhileAllIsWell() {
        pass(Duration.ofMinutes(1));

        assertThat(asked).isEmpty();
    }

    /** A slot without traffic once kept the alarm on for ever. */
    @Test
    void outageOfAShardThatNobodyAsksIsOverWhenItAnswers() {
        fail("s1", SETTINGS.minimum());
        fail("g-idle", SETTINGS.minimum());
        assertThat(breaker.mayCall("g-idle")).isFalse();
        assertThat(events.degraded).hasValue(1);

        pass(SETTINGS.rest().multipliedBy(3));

        assertThat(events.recovered).hasValue(1);
        assertThat(breaker.mayCall("g-idle")).isTrue();
        asked.clear();
        pass(Duration.ofMinutes(1));
        assertThat(asked).isEmpty();
    }

    /** One command that was late, and then nothing: its circuit is closed all the time. */
    @Test
    void oneSlowCommandBeforeSilenceIsNoOutageForEver() {
        breaker.mayCall("");
        breaker.failed("", 0, new RedisBreaker.SlowRedisException(Duration.ofMillis(100)));
        assertThat(events.degraded).hasValue(1);

        pass(SETTINGS.rest().multipliedBy(3));

        assertThat(events.recovered).hasValue(1);
    }

    @Test
    void outageLastsAsLongAsOneShardFails() {
        dead.add("s1");
        fail("s1", SETTINGS.minimum());
        fail("s2", SETTINGS.minimum());
        pass(Duration.ofMinutes(1));

        assertThat(events.recovered).hasValue(0);
        assertThat(breaker.suspects())
                .extracting(RedisBreaker.Suspect::shard)
                .as("the other one is well")
                .containsExactly("s1");

        dead.clear();
        pass(SETTINGS.rest().multipliedBy(3));
        assertThat(events.recovered).hasValue(1);
        assertThat(events.degraded).hasValue(1);
    }

    /** What it has alone is decided here only if it is known to be silent too. */
    @Test
    void mastersThatNobodyAsksAreAskedWhileAnOutageLasts() {
        dead.add("s1");
        fail("s1", SETTINGS.minimum());

        pass(SETTINGS.rest().multipliedBy(2));

        assertThat(asked).contains("s1", "s2");
    }

    @Test
    void faultsNameTheMasterThatFails() {
        dead.add("s2");

        assertThat(probes.faults().block()).containsExactly("b:1: gone");
    }

    @Test
    void circuitThatIsOpenIsAFaultThoughItsMasterAnswers() {
        fail("g-idle", SETTINGS.minimum());

        assertThat(probes.faults().block()).singleElement().asString().startsWith("g-idle ");
    }
}
