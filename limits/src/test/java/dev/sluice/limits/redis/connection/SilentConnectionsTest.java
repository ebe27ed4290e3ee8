package dev.sluice.limits.redis.connection;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SilentConnectionsTest {
    private static final Duration SILENCE = Duration.ofSeconds(3);

    private final EmbeddedChannel channel = new EmbeddedChannel();

    SilentConnectionsTest() {
        channel.freezeTime();
        new SilentConnections(SILENCE).afterChannelInitialized(channel);
    }

    @AfterEach
    void end() {
        channel.finishAndReleaseAll();
    }

    private void pass(Duration time) {
        channel.advanceTimeBy(time.toMillis(), TimeUnit.MILLISECONDS);
        channel.runPendingTasks();
        channel.runScheduledPendingTasks();
    }

    /** In steps that no timer is late for. */
    private void passInSteps(Duration time) {
        for (long left = time.toMillis(); left > 0; left -= 100) {
            pass(Duration.ofMillis(100));
        }
    }

    @Test
    void connectionOnWhichNothingIsAnsweredIsClosed() {
        channel.writeOutbound("PING");
        passInSteps(SILENCE.minusMillis(100));
        assertThat(channel.isOpen()).isTrue();

        passInSteps(Duration.ofMillis(300));
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void idleConnectionStaysOpen() {
        passInSteps(SILENCE.multipliedBy(3));
        channel.writeOutbound("PING");
        channel.writeInbound("+PONG");
        passInSteps(SILENCE.multipliedBy(3));

        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void slowServerThatAnswersSomethingIsNotLeft() {
        for (int i = 0; i < 5; i++) {
            channel.writeOutbound("PING", "PING");
            passInSteps(SILENCE.minusMillis(100));
            channel.writeInbound("+PONG");
        }

        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void silenceBeginsWithWhatIsWrittenAfterTheLastAnswer() {
        channel.writeOutbound("PING");
        passInSteps(Duration.ofSeconds(2));
        channel.writeInbound("+PONG");
        channel.writeOutbound("PING");
        passInSteps(SILENCE.minusMillis(100));
        assertThat(channel.isOpen()).isTrue();

        passInSteps(Duration.ofMillis(300));
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void timeInWhichThisProcessStandsStillDoesNotCount() {
        channel.writeOutbound("PING");
        pass(SILENCE.multipliedBy(2));
        passInSteps(SILENCE.minusMillis(100));
        assertThat(channel.isOpen()).isTrue();

        passInSteps(Duration.ofMillis(300));
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void whatIsNotReadOnPurposeIsNoSilence() {
        channel.config().setAutoRead(false);
        channel.writeOutbound("PING");
        passInSteps(SILENCE.multipliedBy(3));
        assertThat(channel.isOpen()).isTrue();

        channel.config().setAutoRead(true);
        passInSteps(SILENCE.plusMillis(300));
        assertThat(channel.isOpen()).isFalse();
    }
}
