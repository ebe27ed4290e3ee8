package dev.sluice.gateway.outbound.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.redis.SharedLog.Entry;
import dev.sluice.gateway.outbound.redis.SharedLog.News;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Whether a reader of the log is told all that it has missed. */
class SharedLogTest {
    private static final Entry FIRST = new Entry(10, 0, "a");
    private static final Entry SECOND = new Entry(20, 10, "b");
    private static final Entry THIRD = new Entry(30, 20, "c");

    @Test
    void entriesThatFollowWhatWasSeenAreAll() {
        assertThat(new News(30, List.of(SECOND, THIRD)).continues(10)).isTrue();
        assertThat(new News(30, List.of(FIRST, SECOND, THIRD)).continues(10)).isTrue();
        assertThat(new News(30, List.of(FIRST, SECOND, THIRD)).continues(0)).isTrue();
        assertThat(new News(30, List.of()).continues(30)).isTrue();
        assertThat(new News(0, List.of()).continues(0)).isTrue();
    }

    /** It came between the two questions. */
    @Test
    void entryThatIsNewerThanTheLastCounts() {
        News news = new News(20, List.of(SECOND, THIRD));
        assertThat(news.continues(10)).isTrue();
        assertThat(news.newest()).isEqualTo(30);
    }

    @Test
    void entryThatTheLogHasNoMoreIsMissed() {
        assertThat(new News(30, List.of(THIRD)).continues(10)).isFalse();
        assertThat(new News(30, List.of()).continues(10)).isFalse();
        assertThat(new News(30, List.of(SECOND)).continues(10)).isFalse();
    }

    @Test
    void redisThatKnowsLessThanItDidHasLostSomething() {
        assertThat(new News(0, List.of()).continues(10)).isFalse();
        assertThat(new News(20, List.of()).continues(30)).isFalse();
        assertThat(new News(40, List.of(new Entry(40, 20, "d"))).continues(30)).isFalse();
    }
}
