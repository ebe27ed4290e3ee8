package dev.sluice.gateway.inbound.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.DefaultFileRegion;
import io.netty.channel.FileRegion;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.File;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

class SlowReaderHandlerTest {
    private static final Duration WINDOW = Duration.ofSeconds(30);

    private final SlowChannel client = new SlowChannel();

    @BeforeEach
    void holdTime() {
        client.freezeTime();
        client.pipeline().addFirst(new SlowReaderHandler(WINDOW, DataSize.ofBytes(1000)));
        var _ = client.writeOneOutbound(Unpooled.wrappedBuffer(new byte[1_000_000]));
    }

    @AfterEach
    void close() {
        client.finishAndReleaseAll();
    }

    @Test
    void clientThatTakesNothingIsCutOff() {
        client.flushOutbound();

        seconds(29, 0);
        assertThat(client.isOpen()).isTrue();
        seconds(6, 0);
        assertThat(client.isOpen()).isFalse();
    }

    @Test
    void clientThatReadsTooSlowlyIsCutOff() {
        seconds(60, 900);

        assertThat(client.isOpen()).isFalse();
    }

    @Test
    void clientThatKeepsThePaceIsLeftAlone() {
        seconds(600, 1100);

        assertThat(client.isOpen()).isTrue();
    }

    @Test
    void clientWithNothingToReadIsLeftAlone() {
        seconds(1, 1_000_000);
        seconds(3600, 0);

        assertThat(client.isOpen()).isTrue();
    }

    @Test
    void clientThatTakesNothingOfAFileIsCutOff() {
        client.flushOutbound();
        seconds(3, 1_000_000);
        FileRegion file = new DefaultFileRegion(new File("unread"), 0, 1_000_000);
        var _ = client.writeOneOutbound(file);

        seconds(29, 0);
        assertThat(client.isOpen()).isTrue();
        seconds(6, 0);
        assertThat(client.isOpen()).isFalse();
        assertThat(file.refCnt()).isZero();
    }

    @Test
    void clientThatKeepsThePaceFromFileToFileIsLeftAlone() {
        client.flushOutbound();
        seconds(3, 1_000_000);
        var _ = client.writeOneOutbound(file());

        for (int files = 0; files < 30; files++) {
            var _ = client.writeOneOutbound(file()); // before the one before it is out
            seconds(19, 1100);
            assertThat(client.isOpen()).isTrue();
        }
    }

    private static FileRegion file() {
        return new DefaultFileRegion(new File("unread"), 0, 20_000);
    }

    private void seconds(int count, long bytesEach) {
        for (int second = 0; second < count && client.isOpen(); second++) {
            client.takes = bytesEach;
            client.flushOutbound();
            client.advanceTimeBy(1, TimeUnit.SECONDS);
            client.runScheduledPendingTasks();
        }
    }

    /** A socket whose peer takes so many bytes at a flush. */
    private static final class SlowChannel extends EmbeddedChannel {
        private long takes;
        private long takenOfFile;

        @Override
        protected void doWrite(ChannelOutboundBuffer waiting) {
            if (waiting.current() instanceof FileRegion file) {
                take(waiting, file);
                return;
            }
            waiting.removeBytes(Math.min(takes, waiting.size() == 0 ? 0 : pending(waiting)));
            takes = 0;
        }

        private void take(ChannelOutboundBuffer waiting, FileRegion file) {
            long taken = Math.min(takes, file.count() - takenOfFile);
            waiting.progress(taken);
            takenOfFile += taken;
            takes = 0;
            if (takenOfFile == file.count()) {
                waiting.remove();
                takenOfFile = 0;
            }
        }

        private static long pending(ChannelOutboundBuffer waiting) {
            return waiting.current() instanceof ByteBuf buffer ? buffer.readableBytes() : 0;
        }
    }
}
