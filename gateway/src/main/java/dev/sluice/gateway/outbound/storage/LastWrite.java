package dev.sluice.gateway.outbound.storage;

import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * Whether the store takes objects, by the outcome of the last write. A bucket that is there and can be listed may
 * refuse every object, which only a write shows.
 *
 * <p>The writes of callers tell it without a request more. After one that was refused, and a minute without another,
 * whoever asks has the trial run: a store that was mended is well again although nobody stores anything.
 */
final class LastWrite {
    static final Duration RECENT = Duration.ofMinutes(1);
    private static final Logger LOG = LoggerFactory.getLogger(LastWrite.class);

    private final Supplier<Mono<Void>> trial;
    private final Clock clock;
    private final AtomicReference<@Nullable Refusal> last = new AtomicReference<>();

    /**
     * Why the last write failed.
     *
     * @param words the store's own, empty if the write was a caller's: they may name the object
     */
    record Refusal(Kind kind, String words, Instant at) {}

    /** @param trial stores an object of its own and removes it; fails with {@link StorageException} */
    LastWrite(Supplier<Mono<Void>> trial, Clock clock) {
        this.trial = trial;
        this.clock = clock;
    }

    /** A caller's object was stored. Where a store was full a moment ago, it may have been a small one. */
    void succeeded() {
        Refusal known = last.get();
        boolean isFull = known != null
                && known.kind() == Kind.FULL
                && clock.instant().isBefore(known.at().plus(RECENT));
        if (!isFull) {
            well();
        }
    }

    private void well() {
        if (last.getAndSet(null) != null) {
            LOG.info("The store takes objects again");
        }
    }

    /** A caller's object was not stored. Counts if the store would take no other one either. */
    void failed(Throwable failure) {
        if (failure instanceof StorageException known && (known.kind() == Kind.REFUSED || known.kind() == Kind.FULL)) {
            Refusal now = new Refusal(known.kind(), "", clock.instant());
            if (last.getAndSet(now) == null) {
                LOG.atWarn()
                        .addKeyValue("failure.code", known.kind().code())
                        .log("The store takes no objects: {}", known.getMessage());
            }
        }
    }

    /** Runs the trial, and ends as it does. */
    Mono<Void> tried() {
        return Mono.defer(trial)
                .doOnSuccess(done -> well())
                .doOnError(
                        StorageException.class,
                        failure -> last.set(
                                new Refusal(failure.kind(), String.valueOf(failure.getMessage()), clock.instant())));
    }

    /** Why objects cannot be stored; empty if the last write succeeded, or there was none. */
    Mono<Refusal> refusal() {
        return Mono.defer(() -> {
            Refusal known = last.get();
            return known == null || clock.instant().isBefore(known.at().plus(RECENT))
                    ? Mono.justOrEmpty(known)
                    : tried().onErrorComplete().then(Mono.defer(() -> Mono.justOrEmpty(last.get())));
        });
    }
}
