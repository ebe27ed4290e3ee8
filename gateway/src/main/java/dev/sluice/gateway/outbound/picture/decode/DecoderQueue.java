package dev.sluice.gateway.outbound.picture.decode;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.outbound.picture.decode.DecoderException.Kind;
import dev.sluice.gateway.outbound.picture.decode.DecoderJob.Outcome;
import dev.sluice.gateway.outbound.picture.format.PictureHeader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.scheduler.Scheduler;

/**
 * The bounds that all decoding shares: how many files are decoded at a time, and how much memory they take together.
 *
 * <p>Each {@link DecodePurpose} has a queue of its own, in which callers take turns, each of them first come, first
 * served, with a quarter of the queue at most; the queues take turns too. The head whose turn it is is never overtaken,
 * so a large picture gets its memory once enough is given back. A picture that needs more than all of the shared memory
 * runs alone, up to {@link Bounds#largestPicture}.
 *
 * <p>Any thread may call any method; nothing blocks but the decoder, on its own threads.
 */
public final class DecoderQueue {
    private static final DecodePurpose[] TURNS = DecodePurpose.values();

    /** A caller may take one of so many parts of a queue. */
    private static final int SHARES = 4;

    /** Who asks where nobody does: the gateway itself, which knows its measure. */
    private static final String NOBODY = "";

    private final PictureDecoder decoder;
    private final Bounds bounds;
    private final Scheduler threads;
    private final Scheduler timer;

    private final Object lock = new Object();
    private final Map<DecodePurpose, WaitingJobs> waiting = new EnumMap<>(DecodePurpose.class);
    private int turn;
    private int running;
    private long free;

    /**
     * What decoding may take.
     *
     * @param decoders files decoded at a time
     * @param memory bytes that they take together
     * @param largestPicture bytes that one file may take, at least {@code memory}
     * @param maxQueued files of each purpose that may wait
     * @param timeout how long one waits
     */
    public record Bounds(int decoders, long memory, long largestPicture, int maxQueued, Duration timeout) {}

    /**
     * A queue in front of a decoder.
     *
     * @param threads where the decoder blocks; at least {@link Bounds#decoders} of them, disposed by the caller
     * @param timer runs the deadlines
     */
    public DecoderQueue(PictureDecoder decoder, Bounds bounds, Scheduler threads, Scheduler timer) {
        this.decoder = decoder;
        this.bounds = bounds;
        this.threads = threads;
        this.timer = timer;
        this.free = bounds.memory();
        for (DecodePurpose purpose : TURNS) {
            waiting.put(purpose, new WaitingJobs());
        }
    }

    /** The decoder behind it. */
    public PictureDecoder decoder() {
        return decoder;
    }

    /** Files being decoded. */
    public int running() {
        synchronized (lock) {
            return running;
        }
    }

    /** Files that wait for this purpose. */
    public int queued(DecodePurpose purpose) {
        synchronized (lock) {
            return queue(purpose).size();
        }
    }

    /** Bytes of the shared memory that no decoder has been promised. */
    public long freeMemory() {
        synchronized (lock) {
            return free;
        }
    }

    /**
     * Decodes a file when its turn comes, as {@link PictureDecoder#decode} does and with its errors; fails with
     * {@link Kind#BUSY} if no turn comes in time, or if too many wait. Cancelling leaves the queue, or interrupts the
     * decoder; its memory is free when it has really ended, and then {@code directory} is deleted once more.
     */
    public Mono<Decoded> decode(
            Path file, PictureHeader header, List<Integer> widths, Path directory, DecodePurpose purpose) {
        return Mono.<Outcome>create(result -> enter(file, header, widths, directory, purpose, result))
                .flatMap(Outcome::asMono);
    }

    private void enter(
            Path file,
            PictureHeader header,
            List<Integer> widths,
            Path directory,
            DecodePurpose purpose,
            MonoSink<Outcome> result) {
        long need = decoder.memoryFor(header);
        String caller =
                Caller.find(result.contextView()).map(Caller::accountable).orElse(NOBODY);
        DecoderJob job = new DecoderJob(
                caller,
                () -> decoder.decode(file, header, widths, directory),
                directory,
                Math.min(need, bounds.memory()),
                result);
        if (need > bounds.largestPicture()) {
            job.fail(tooLarge(need));
            return;
        }
        result.onCancel(() -> cancel(job, purpose));
        enter(job, purpose);
    }

    private void enter(DecoderJob job, DecodePurpose purpose) {
        boolean isFull;
        synchronized (lock) {
            WaitingJobs queue = queue(purpose);
            isFull = queue.size() >= bounds.maxQueued() || hasItsShare(job.caller(), queue);
            if (!isFull) {
                queue.add(job.caller(), job);
            }
        }
        if (isFull) {
            job.fail(busy("too many pictures wait to be decoded"));
            return;
        }
        job.expireWith(timer.schedule(
                () -> {
                    if (leave(job, purpose)) {
                        job.fail(busy(
                                "no decoder was free within " + bounds.timeout().toSeconds() + " s"));
                    }
                },
                bounds.timeout().toMillis(),
                TimeUnit.MILLISECONDS));
        startHeads();
    }

    private boolean hasItsShare(String caller, WaitingJobs queue) {
        return !caller.equals(NOBODY) && queue.size(caller) >= Math.max(1, bounds.maxQueued() / SHARES);
    }

    private boolean leave(DecoderJob job, DecodePurpose purpose) {
        synchronized (lock) {
            return queue(purpose).remove(job.caller(), job);
        }
    }

    private void cancel(DecoderJob job, DecodePurpose purpose) {
        boolean waited = leave(job, purpose);
        job.cancel();
        if (waited) {
            startHeads(); // those behind it may fit
        }
    }

    private void startHeads() {
        List<DecoderJob> started = new ArrayList<>();
        synchronized (lock) {
            for (DecoderJob job = takeHead(); job != null; job = takeHead()) {
                running++;
                free -= job.memory();
                started.add(job);
            }
        }
        started.forEach(job -> job.start(threads, () -> ended(job)));
    }

    /** The head of the queue whose turn it is, if it fits. */
    private @Nullable DecoderJob takeHead() {
        for (int step = 0; step < TURNS.length; step++) {
            int next = (turn + step) % TURNS.length;
            WaitingJobs queue = queue(TURNS[next]);
            DecoderJob head = queue.peek();
            if (head != null) {
                if (running >= bounds.decoders() || head.memory() > free) {
                    return null;
                }
                turn = (next + 1) % TURNS.length;
                return queue.remove();
            }
        }
        return null;
    }

    private void ended(DecoderJob job) {
        synchronized (lock) {
            running--;
            free += job.memory();
        }
        startHeads();
    }

    private WaitingJobs queue(DecodePurpose purpose) {
        return Objects.requireNonNull(waiting.get(purpose));
    }

    private DecoderException tooLarge(long need) {
        return new DecoderException(
                Kind.LIMIT,
                "Decoding the image takes " + (need >> 20) + " MB of memory (expected: at most "
                        + (bounds.largestPicture() >> 20) + " MB)",
                null);
    }

    private static DecoderException busy(String why) {
        return new DecoderException(Kind.BUSY, "The image could not be decoded now: " + why, null);
    }
}
