package dev.sluice.limits.redis;

import dev.sluice.limits.Limit;
import dev.sluice.limits.LimitStatus;
import dev.sluice.limits.Mode;
import dev.sluice.limits.Window;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What this process has of a window that all processes share.
 *
 * <pre>
 * capacity  |------ others have ------|------ this one has -------|---- left ----|
 *                                      spent or reserved | in store
 * </pre>
 *
 * <p>Redis counts at least what each process has as used, and each spends no more than Redis has last said that it has;
 * so all together never spend more than the capacity, whatever is lost, late or sent twice, and by whatever clock.
 * While a question is on its way nothing is spent from the store, because the answer may take it away.
 *
 * <p>What is in store goes back when it was not used for a period, and is a small part of what is left at most, down to
 * none: the last units go one by one to whoever asks. What a process had that died is not given back, for it may have
 * spent it: a death costs what was in store, and nothing more. It comes back with the next window. There is no moment
 * at which a lease ends within its window, and so no clock by which it could be spent too late; a window ends by the
 * clock of the node that decides the request.
 *
 * <p>Safe for any number of threads; calls nobody while it is locked.
 */
final class Lease {
    /** A process that begins asks for so many times what its first request needs. */
    private static final int FIRST_STORE = 4;

    final String key;
    /** What its key shares a slot by. */
    final String tag;

    final String holder;
    final Window window;
    private final Limit limit;
    private final long periodMillis;
    private final ArrayDeque<Waiter> waiters = new ArrayDeque<>();
    private long spent;
    private long has;
    private long others;
    private long othersStore;
    private long number;
    private long wanted;
    private long usedSince;
    private boolean isAsking;
    private boolean isOver;

    /**
     * @param holder of this object alone
     * @param periodMillis how often every process reports
     */
    Lease(CompiledLimit limit, String key, Window window, String holder, long periodMillis) {
        this.periodMillis = periodMillis;
        this.limit = limit.limit;
        this.key = key;
        this.tag = limit.tag();
        this.window = window;
        this.holder = holder;
    }

    /** Receives the outcome of a reservation: exactly one call. */
    interface Claim {
        /**
         * It is reserved, and is to be settled.
         *
         * @param retryMillis 0 if there was room; else it is one of a limit in shadow mode
         */
        void granted(Lease lease, long retryMillis);

        void refused(Lease lease, long retryMillis);

        /** By Redis's clock this is not the current window. */
        void notNow();

        /** Redis did not say. */
        void failed();
    }

    private record Waiter(long units, Claim claim) {}

    /** What Redis is asked; see {@code lease.lua}. */
    record Question(long number, long spent, long store, List<Long> needs) {}

    /** What it answers. */
    record Answer(boolean isNow, long has, long total, long othersStore) {}

    /**
     * Reserves units, at once or when Redis has answered.
     *
     * @return false if Redis is to be asked; {@code claim} is called later then
     */
    boolean reserve(long units, int mostWaiting, Claim claim) {
        Runnable outcome;
        synchronized (this) {
            if (isOver) {
                outcome = claim::notNow;
            } else if (!isAsking && waiters.isEmpty() && fits(units)) {
                outcome = take(units, claim, 0);
            } else if (waiters.size() >= mostWaiting) {
                outcome = claim::failed;
            } else {
                waiters.add(new Waiter(units, claim));
                return false;
            }
        }
        outcome.run();
        return true;
    }

    private boolean fits(long units) {
        return units <= has - spent;
    }

    private Runnable take(long units, Claim claim, long retryMillis) {
        spent += units;
        usedSince += units;
        return () -> claim.granted(this, retryMillis);
    }

    /** What is to be asked because somebody waits; null if nobody does, or a question is on its way. */
    synchronized @Nullable Question ask(int most) {
        if (isAsking || isOver || waiters.isEmpty()) {
            return null;
        }
        List<Long> needs = new ArrayList<>(Math.min(most, waiters.size()));
        long needed = 0;
        for (Waiter waiter : waiters) {
            if (needs.size() == most) {
                break;
            }
            needs.add(waiter.units);
            needed += waiter.units;
        }
        wanted = Math.min(limit.capacity(), Math.max(2 * wanted, FIRST_STORE * needed));
        return question(needs);
    }

    /** What is to be said from time to time: it wants to keep in store what it has used since; null if nothing. */
    synchronized @Nullable Question report() {
        if (isAsking || isOver || number == 0) {
            return null;
        }
        wanted = Math.min(wanted, usedSince);
        return question(List.of());
    }

    /** What is to be said last, or to look: it wants nothing. */
    synchronized @Nullable Question look() {
        if (isAsking || isOver) {
            return null;
        }
        wanted = 0;
        return question(List.of());
    }

    private Question question(List<Long> needs) {
        isAsking = true;
        usedSince = 0;
        return new Question(++number, spent, wanted, needs);
    }

    /** Redis has answered; also to one that was given up, but for the last it makes no difference then. */
    void answered(Question question, Answer answer, long now) {
        List<Runnable> outcomes = new ArrayList<>();
        synchronized (this) {
            if (question.number != number) {
                return;
            }
            int asked = isAsking ? question.needs.size() : 0;
            isAsking = false;
            if (answer.isNow) {
                has = answer.has;
                others = answer.total - answer.has;
                othersStore = answer.othersStore;
                decide(asked, now, outcomes);
            } else {
                end(outcomes);
            }
        }
        outcomes.forEach(Runnable::run);
    }

    /** The first were asked for; of those who came later some may have room too. */
    private void decide(int asked, long now, List<Runnable> outcomes) {
        for (int i = 0; i < asked && !waiters.isEmpty(); i++) {
            Waiter waiter = waiters.remove();
            if (fits(waiter.units)) {
                outcomes.add(take(waiter.units, waiter.claim, 0));
            } else if (limit.mode() == Mode.SHADOW) {
                outcomes.add(take(waiter.units, waiter.claim, retryMillis(now)));
            } else {
                long retryMillis = retryMillis(now);
                outcomes.add(() -> waiter.claim.refused(this, retryMillis));
            }
        }
        for (Iterator<Waiter> later = waiters.iterator(); later.hasNext(); ) {
            Waiter waiter = later.next();
            if (!fits(waiter.units)) {
                return;
            }
            later.remove();
            outcomes.add(take(waiter.units, waiter.claim, 0));
        }
    }

    /** What others have in store comes back soon. */
    private long retryMillis(long now) {
        long untilEnd = Math.max(1, window.end() - now);
        return othersStore > 0 ? Math.min(untilEnd, periodMillis) : untilEnd;
    }

    /** Redis did not answer: perhaps it has heard, and has taken back what was in store. */
    void failed(Question question) {
        List<Runnable> outcomes = new ArrayList<>();
        synchronized (this) {
            if (question.number != number || !isAsking) {
                return;
            }
            isAsking = false;
            has = Math.min(has, spent);
            while (!waiters.isEmpty()) {
                outcomes.add(waiters.remove().claim::failed);
            }
        }
        outcomes.forEach(Runnable::run);
    }

    /**
     * The window is over by Redis's clock. What was reserved can still be settled, though nobody counts it any more.
     */
    private void end(List<Runnable> outcomes) {
        isOver = true;
        while (!waiters.isEmpty()) {
            outcomes.add(waiters.remove().claim::notNow);
        }
    }

    synchronized boolean isOver() {
        return isOver;
    }

    /** A request used more than it reserved, or less. More is counted even where there is none. */
    synchronized void correct(long delta) {
        spent = Math.max(0, Math.min(CompiledLimit.LARGEST, spent + delta));
    }

    /** As this process knows it. What others have in store and do not use comes back. */
    synchronized LimitStatus status(long now) {
        long used = others - othersStore + spent;
        return new LimitStatus(
                limit.name(),
                limit.capacity(),
                Math.clamp(limit.capacity() - used, 0, limit.capacity()),
                used > 0 ? Duration.ofMillis(Math.max(0, window.end() - now)) : Duration.ZERO);
    }

    long capacity() {
        return limit.capacity();
    }

    /** Units that requests have reserved or used. */
    synchronized long spent() {
        return spent;
    }
}
