package dev.sluice.limits.redis;

import dev.sluice.limits.LimitChecks;
import java.time.Duration;
import java.util.regex.Pattern;

/**
 * The numbers of a {@link RedisLimiter}.
 *
 * @param keyPrefix before every key; without a hash tag, for the keys have their own behind it
 * @param deadline a decision is made within it, whatever Redis does; within six of it while Redis answers and this
 *     process is what is slow
 * @param commandTimeout Redis counts as failed when one command takes longer; at most {@code deadline}
 * @param addressLimits who decides token buckets of {@link Scope#ADDRESS}, and when
 * @param batch most decisions that share one command, 1 to 64
 * @param commands most commands of one kind awaited at once, in a cluster always one for each slot; what comes
 *     meanwhile shares the next one
 * @param queue most decisions that wait for a command; further ones are made without Redis: rates count in this
 *     process, and everything else refuses unless Redis is silent
 * @param settledFor how long Redis remembers a request that ended, so that a command sent twice counts once
 * @param correctableFor how long a reservation can be corrected, if no lease is longer
 * @param breaker when Redis is left alone
 * @param leases how what all processes share is shared out
 * @param localSubjects most counters kept in this process while Redis cannot be asked
 */
public record RedisLimiterSettings(
        String keyPrefix,
        Duration deadline,
        Duration commandTimeout,
        AddressLimits addressLimits,
        int batch,
        int commands,
        int queue,
        Duration settledFor,
        Duration correctableFor,
        Breaker breaker,
        Leases leases,
        int localSubjects) {
    private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9:._-]+");

    /** Checks the bounds. */
    public RedisLimiterSettings {
        if (!PREFIX.matcher(keyPrefix).matches()) {
            throw new IllegalArgumentException("keyPrefix: " + keyPrefix + " (expected: letters, digits and :._-)");
        }
        LimitChecks.period("limiter", "deadline", deadline, Duration.ofMillis(10), Duration.ofSeconds(10));
        LimitChecks.period("limiter", "commandTimeout", commandTimeout, Duration.ofMillis(5), deadline);
        LimitChecks.units("limiter", "batch", batch, 64);
        LimitChecks.units("limiter", "commands", commands, 64);
        LimitChecks.units("limiter", "queue", queue, 1_000_000);
        LimitChecks.period("limiter", "settledFor", settledFor, Duration.ofSeconds(1), Duration.ofHours(1));
        LimitChecks.period("limiter", "correctableFor", correctableFor, settledFor, Duration.ofDays(1));
        LimitChecks.units("limiter", "localSubjects", localSubjects, 10_000_000);
    }

    /** Prefix {@code sluice:}, 150 ms a decision, 100 ms a command, address limits first, by bucket4j. */
    public static RedisLimiterSettings defaults() {
        return new RedisLimiterSettings(
                "sluice:",
                Duration.ofMillis(150),
                Duration.ofMillis(100),
                AddressLimits.FIRST,
                64,
                2,
                4096,
                Duration.ofSeconds(10),
                Duration.ofMinutes(1),
                new Breaker(50, 20, 5, Duration.ofSeconds(1), 3),
                new Leases(Duration.ofSeconds(1), 64),
                100_000);
    }

    /** These settings with another prefix. */
    public RedisLimiterSettings withKeyPrefix(String prefix) {
        return new RedisLimiterSettings(
                prefix,
                deadline,
                commandTimeout,
                addressLimits,
                batch,
                commands,
                queue,
                settledFor,
                correctableFor,
                breaker,
                leases,
                localSubjects);
    }

    /** These settings with another way of address limits. */
    public RedisLimiterSettings withAddressLimits(AddressLimits other) {
        return new RedisLimiterSettings(
                keyPrefix,
                deadline,
                commandTimeout,
                other,
                batch,
                commands,
                queue,
                settledFor,
                correctableFor,
                breaker,
                leases,
                localSubjects);
    }

    /** These settings with other times. */
    public RedisLimiterSettings withTimes(Duration ofDecision, Duration ofCommand) {
        return new RedisLimiterSettings(
                keyPrefix,
                ofDecision,
                ofCommand,
                addressLimits,
                batch,
                commands,
                queue,
                settledFor,
                correctableFor,
                breaker,
                leases,
                localSubjects);
    }

    /** These settings with another size of batches, and number of commands awaited at once. */
    public RedisLimiterSettings withBatches(int most, int atOnce) {
        return new RedisLimiterSettings(
                keyPrefix,
                deadline,
                commandTimeout,
                addressLimits,
                most,
                atOnce,
                queue,
                settledFor,
                correctableFor,
                breaker,
                leases,
                localSubjects);
    }

    /** These settings with room for another number of decisions that wait. */
    RedisLimiterSettings withQueue(int most) {
        return new RedisLimiterSettings(
                keyPrefix,
                deadline,
                commandTimeout,
                addressLimits,
                batch,
                commands,
                most,
                settledFor,
                correctableFor,
                breaker,
                leases,
                localSubjects);
    }

    /** These settings with another way to share out what all processes share. */
    public RedisLimiterSettings withLeases(Leases other) {
        return new RedisLimiterSettings(
                keyPrefix,
                deadline,
                commandTimeout,
                addressLimits,
                batch,
                commands,
                queue,
                settledFor,
                correctableFor,
                breaker,
                other,
                localSubjects);
    }

    /** Who decides the enforced token buckets of {@link Scope#ADDRESS}, and when. */
    public enum AddressLimits {
        /**
         * bucket4j, before all others. They count attempts: what they let through stays counted when a later limit
         * refuses. When one of them refuses, no other limit is asked: a flood from one address costs Redis no script.
         */
        FIRST,
        /**
         * The script, with all others: a refusal by any limit charges none, and who is admitted waits for one round
         * trip less.
         */
        TOGETHER
    }

    /**
     * How much a process has in store of a quota or budget that all share, beyond what its requests have reserved.
     *
     * @param period how often a process says where it stands, and how long it keeps what it does not use
     * @param share of what is left a process has so much in store at most: 64 is a 64th, and so none of the last 63
     *     units
     */
    public record Leases(Duration period, int share) {

        /** Checks the bounds. */
        public Leases {
            LimitChecks.period("leases", "period", period, Duration.ofMillis(10), Duration.ofHours(1));
            LimitChecks.units("leases", "share", share, 1_000_000);
        }
    }

    /**
     * When the circuit breaker opens.
     *
     * @param failurePercent of the last {@code window} commands, 1 to 100
     * @param window commands looked at, 1 to 1,000
     * @param minimum commands before the percentage means anything, 1 to {@code window}
     * @param rest how long Redis is not called, and the retry-after of a refusal while it is away
     * @param probes commands that try it again after the rest, 1 to 100
     */
    public record Breaker(int failurePercent, int window, int minimum, Duration rest, int probes) {

        /** Checks the bounds. */
        public Breaker {
            LimitChecks.units("breaker", "failurePercent", failurePercent, 100);
            LimitChecks.units("breaker", "window", window, 1000);
            LimitChecks.units("breaker", "minimum", minimum, window);
            LimitChecks.period("breaker", "rest", rest, Duration.ofMillis(10), Duration.ofHours(1));
            LimitChecks.units("breaker", "probes", probes, 100);
        }
    }
}
