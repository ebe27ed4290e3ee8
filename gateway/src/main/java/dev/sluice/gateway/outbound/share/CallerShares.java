package dev.sluice.gateway.outbound.share;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.zipstream.BufferBudget;
import dev.sluice.zipstream.BufferBudget.Reservation;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * A budget of which one caller holds no more than a share: who reads slowly what it has asked for holds it for as long.
 * Whoever has used up its share waits for its own, and then like all others for the rest. What the gateway does for
 * nobody is one caller's too. Thread-safe.
 */
public final class CallerShares {
    private static final int MOST_QUEUED = 1_000;

    private final BufferBudget all;
    private final long share;
    private final Scheduler timer;
    // Guarded by this: of those who hold something, or wait for it.
    private final Map<String, Share> shares = new HashMap<>();

    /**
     * Shares of {@code all}.
     *
     * @param share of one caller, at least 1 and at most all of it
     */
    public CallerShares(BufferBudget all, long share, Scheduler timer) {
        this.all = all;
        this.share = share;
        this.timer = timer;
    }

    /**
     * A part of it on the account of the caller for whom this is subscribed to; fails as {@link BufferBudget#reserve}
     * does. The subscriber releases them.
     *
     * @param timeout for the caller's share, and again for the rest
     */
    public Mono<Reservation> reserve(long amount, Duration timeout) {
        return Mono.deferContextual(context -> {
            String caller = Caller.find(context).map(Caller::accountable).orElse("");
            return Mono.using(
                    () -> enter(caller),
                    own -> own.budget
                            .reserve(amount, timeout)
                            .flatMap(mine -> rest(own, caller, mine, timeout))
                            .doOnDiscard(Reservation.class, Reservation::release),
                    own -> leave(own, caller));
        });
    }

    private Mono<Reservation> rest(Share own, String caller, Reservation mine, Duration timeout) {
        AtomicBoolean isOver = new AtomicBoolean();
        Runnable giveUp = () -> {
            if (isOver.compareAndSet(false, true)) {
                mine.release();
            }
        };
        Function<Reservation, Reservation> both = rest -> {
            if (!isOver.compareAndSet(false, true)) {
                rest.release(); // cancelled in this very moment
            }
            return new Both(mine, rest, stay(own, caller));
        };
        return all.reserve(mine.bytes(), timeout)
                .map(both)
                .doOnError(failed -> giveUp.run())
                .doOnCancel(giveUp);
    }

    /** Callers who hold something, or wait for it. */
    synchronized int callers() {
        return shares.size();
    }

    private synchronized Share enter(String caller) {
        Share own = shares.computeIfAbsent(caller, first -> new Share(new BufferBudget(share, MOST_QUEUED, timer)));
        own.users++;
        return own;
    }

    private synchronized Runnable stay(Share own, String caller) {
        own.users++;
        return () -> leave(own, caller);
    }

    private synchronized void leave(Share own, String caller) {
        if (--own.users == 0) {
            shares.remove(caller, own);
        }
    }

    /** One caller's; kept while it has users. */
    private static final class Share {
        private final BufferBudget budget;
        private int users; // guarded by the shares' lock

        Share(BufferBudget budget) {
            this.budget = budget;
        }
    }

    /** Of the share and of the whole. */
    private static final class Both implements Reservation {
        private final Reservation mine;
        private final Reservation rest;
        private final Runnable whenReleased;
        private final AtomicBoolean released = new AtomicBoolean();

        Both(Reservation mine, Reservation rest, Runnable whenReleased) {
            this.mine = mine;
            this.rest = rest;
            this.whenReleased = whenReleased;
        }

        @Override
        public long bytes() {
            return rest.bytes();
        }

        @Override
        public void shrinkTo(long bytes) {
            rest.shrinkTo(bytes);
            mine.shrinkTo(bytes);
        }

        @Override
        public void release() {
            if (released.compareAndSet(false, true)) {
                rest.release();
                mine.release();
                whenReleased.run();
            }
        }
    }
}
