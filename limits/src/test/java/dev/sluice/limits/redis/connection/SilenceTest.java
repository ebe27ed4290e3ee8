package dev.sluice.limits.redis.connection;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.cluster.SlotHash;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import reactor.test.scheduler.VirtualTimeScheduler;

/** When this process may decide alone what others share: only while Redis answers nothing at all. */
class SilenceTest {
    private static final Duration TIMEOUT = Duration.ofMillis(100);
    private static final Duration SHORTEST = TIMEOUT.multipliedBy(6);
    private static final String TAG = "s1";

    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private final Silence silence = new Silence(SHORTEST, this::now);

    private long now() {
        return time.now(TimeUnit.NANOSECONDS);
    }

    private void pass(Duration duration) {
        time.advanceTimeBy(duration);
    }

    private void hear(String tag) {
        silence.heard(tag.getBytes(UTF_8), null);
    }

    /** A command that is sent now, and given up when its time is over. */
    private void giveOneUp(String tag) {
        long sent = now();
        pass(TIMEOUT);
        silence.unanswered(tag, sent);
    }

    @Test
    void nodeThatNeverAnsweredIsSilentAsSoonAsACommandFails() {
        assertThat(silence.isSilent(TAG)).as("nobody has asked").isFalse();

        silence.unanswered(TAG, now());

        assertThat(silence.isSilent(TAG)).isTrue();
    }

    @Test
    void nodeThatAnsweredIsSilentWhenNothingIsHeardForLongSinceACommandThatFailed() {
        hear(TAG);
        pass(Duration.ofHours(1));
        giveOneUp(TAG);
        assertThat(silence.isSilent(TAG)).as("it may be slow").isFalse();

        pass(SHORTEST.minus(TIMEOUT).minusMillis(1));
        giveOneUp(TAG);
        assertThat(silence.isSilent(TAG)).as("the oldest counts").isTrue();
    }

    /** Each is given up before its answer comes, and the next one is sent after that. */
    @Test
    void nodeThatAlwaysAnswersLateIsNeverSilent() {
        hear(TAG);
        for (int i = 0; i < 20; i++) {
            pass(TIMEOUT.dividedBy(2));
            giveOneUp(TAG);
            assertThat(silence.isSilent(TAG)).isFalse();
            pass(TIMEOUT);
            hear(TAG);
            assertThat(silence.isSilent(TAG)).isFalse();
        }
    }

    @Test
    void errorIsAnAnswerAndALostConnectionIsNone() {
        byte[] key = TAG.getBytes(UTF_8);

        assertThat(silence.heard(key, new CompletionException(new RedisCommandExecutionException("READONLY"))))
                .isTrue();
        assertThat(silence.heard(key, new RedisException("Connection closed"))).isFalse();
    }

    @Test
    void commandThatFailsAfterSomethingWasHeardSinceItWasSentSaysNothing() {
        long sent = now();
        pass(TIMEOUT.dividedBy(2));
        hear(TAG);
        pass(TIMEOUT);
        silence.unanswered(TAG, sent);
        pass(SHORTEST);

        assertThat(silence.isSilent(TAG)).isFalse();
    }

    @Test
    void eachNodeIsHeardByItself() {
        silence.connected(slot -> slot % 2 == 0 ? "a" : "b");
        String even = tagOf(0);
        String odd = tagOf(1);
        hear(even);
        hear(odd);
        giveOneUp(even);
        pass(SHORTEST);

        assertThat(silence.isSilent(even)).isTrue();
        assertThat(silence.isSilent(odd)).isFalse();
    }

    private static String tagOf(int rest) {
        int number = 0;
        while (SlotHash.getSlot("s" + number) % 2 != rest) {
            number++;
        }
        return "s" + number;
    }
}
