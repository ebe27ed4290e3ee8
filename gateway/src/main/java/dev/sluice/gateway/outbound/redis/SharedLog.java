package dev.sluice.gateway.outbound.redis;

import io.lettuce.core.Range;
import io.lettuce.core.Range.Boundary;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.List;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The last texts that gateways on one Redis have told each other. Each has a number, larger than all before it, and
 * knows the number before its own: who has seen one can tell whether it is told all that came after.
 *
 * <pre>
 * &lt;name&gt;        sorted set  "&lt;number&gt; &lt;number before&gt; &lt;text&gt;" by number: the last {@value #MOST}
 * &lt;name&gt;:last   string      the number of the last one
 * &lt;name&gt;:told   channel     that number, as it is given
 * </pre>
 *
 * Numbers are microseconds of Redis' clock, or one more than the last where that is later: also a Redis that comes back
 * with less than it had gives none twice. Both keys go {@value #DAYS} days after the last text.
 */
public final class SharedLog {
    private static final int MOST = 1000;
    private static final int DAYS = 30;

    /** The channel only says that there is news, so a user whom Redis forbids it is heard a little later. */
    private static final String ADD = """
            local log, lastKey = KEYS[1], KEYS[2]
            local time = redis.call('TIME')
            local last = tonumber(redis.call('GET', lastKey) or '0')
            local number = math.max(last + 1, time[1] * 1000000 + time[2])
            local text = string.format('%.0f', number)
            -- The first write is one that Redis refuses when its memory is full: all or nothing.
            redis.call('ZADD', log, text, text .. ' ' .. string.format('%.0f', last) .. ' ' .. ARGV[1])
            redis.call('SET', lastKey, text, 'EX', ARGV[3])
            redis.call('ZREMRANGEBYRANK', log, 0, -(tonumber(ARGV[2]) + 1))
            redis.call('EXPIRE', log, ARGV[3])
            redis.pcall('PUBLISH', ARGV[4], text)
            return text
            """;

    private final SharedRedis redis;
    private final String log;
    private final String last;
    private final String channel;

    /** @param name of its keys and of its channel, without the prefix of all keys */
    public SharedLog(SharedRedis redis, String name) {
        this.redis = redis;
        this.log = redis.key(name);
        this.last = redis.key(name + ":last");
        this.channel = redis.key(name + ":told");
    }

    /**
     * One text.
     *
     * @param number its own
     * @param before of the one before it; 0 if that was not known
     */
    public record Entry(long number, long before, String text) {
        static Entry parse(String member) {
            String[] parts = member.split(" ", 3);
            return new Entry(Long.parseLong(parts[0]), Long.parseLong(parts[1]), parts[2]);
        }
    }

    /**
     * What there is.
     *
     * @param last number of the last text; 0 when there is none, or none is known any more
     * @param entries those that were asked for and are still there, in their order
     */
    public record News(long last, List<Entry> entries) {
        /**
         * Whether nothing is missing between {@code seen} and now: the entries after it follow it and one another.
         * False, too, when Redis knows less than that.
         */
        public boolean continues(long seen) {
            long before = seen;
            for (Entry entry : entries) {
                if (entry.number() > seen) {
                    if (entry.before() != before) {
                        return false;
                    }
                    before = entry.number();
                }
            }
            return before >= last && (before > seen || last == seen);
        }

        /** The number of the newest one. */
        public long newest() {
            return entries.isEmpty() ? last : Math.max(last, entries.getLast().number());
        }
    }

    /** Tells all; gives the text's number. Fails with {@link RedisUnavailableException}: perhaps it was told. */
    public Mono<Long> add(String text) {
        String[] keys = {log, last};
        String[] values = {
            text, Integer.toString(MOST), Long.toString(Duration.ofDays(DAYS).toSeconds()), channel
        };
        return redis.ask(commands -> commands.<String>eval(ADD, ScriptOutputType.VALUE, keys, values)
                        .next())
                .map(Long::parseLong);
    }

    /** What was told after a number, as far as it is known. Fails with {@link RedisUnavailableException}. */
    public Mono<News> since(long number) {
        Range<Number> after = Range.from(Boundary.excluding(number), Boundary.unbounded());
        return redis.ask(commands -> Mono.zip(
                commands.get(last).map(Long::parseLong).defaultIfEmpty(0L),
                commands.zrangebyscore(log, after).map(Entry::parse).collectList(),
                News::new));
    }

    /** Something when there may be news; see {@link SharedRedis#notices}. */
    public Flux<String> notices() {
        return redis.notices(channel);
    }
}
