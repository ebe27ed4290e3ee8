package dev.sluice.gateway.outbound.imagecache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.imagecache.disk.CachedMeta;
import dev.sluice.gateway.outbound.imagecache.disk.SendableImage;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.zipstream.BufferBudget;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;

@ExtendWith(NoLeaks.class)
class BufferedBodyTest {
    private final BufferBudget budget = new BufferBudget(1000, 0, Schedulers.parallel());

    private BufferedBody arrived() {
        BufferedBody image = new BufferedBody(
                Objects.requireNonNull(budget.reserve(1000, Duration.ZERO).block()), 1000);
        image.receive(Flux.just(DefaultDataBufferFactory.sharedInstance.wrap(new byte[1000])))
                .block();
        return image;
    }

    private static CachedMeta meta() {
        return new CachedMeta("http://e.example/a.png", "image/png", "\"a\"", 1000, Instant.EPOCH, null, null, null);
    }

    /** The request may be over, and its hold given up, while its bytes still wait for the socket. */
    @Test
    void deadlineOfReadingEndsWhenTheLastPartHasLeft() {
        BufferedBody image = arrived();
        SendableImage sent = image.as(meta());
        Disposable deadline = Disposables.single();
        sent.until(deadline);
        DataBuffer first =
                sent.bytes(0, 10, DefaultDataBufferFactory.sharedInstance).blockFirst();
        DataBuffer second =
                sent.bytes(10, 990, DefaultDataBufferFactory.sharedInstance).blockFirst();
        image.dispose();
        sent.dispose();

        DataBufferUtils.release(first);
        assertThat(deadline.isDisposed()).isFalse();
        assertThat(budget.available()).isZero();

        DataBufferUtils.release(second);
        assertThat(deadline.isDisposed()).isTrue();
        assertThat(budget.available()).isEqualTo(1000);
    }

    @Test
    void deadlineOfWhatIsNotSentEndsWithItsRequest() {
        BufferedBody image = arrived();
        SendableImage unsent = image.as(meta());
        Disposable deadline = Disposables.single();
        unsent.until(deadline);
        image.dispose();

        unsent.dispose();

        assertThat(deadline.isDisposed()).isTrue();
    }
}
