package dev.sluice.gateway.outbound.imagecache.disk;

import dev.sluice.gateway.testing.ReactiveStreamsRules;
import java.nio.file.Path;
import java.time.Instant;
import java.util.function.ObjLongConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import reactor.core.scheduler.Schedulers;

/** {@link HandoffMono} keeps the rules of Reactive Streams. */
class HandoffMonoRulesTest {
    private static final CachedMeta META =
            new CachedMeta("u", "image/png", "\"e\"", 1, Instant.EPOCH, null, null, null);

    @TestFactory
    Stream<DynamicTest> handedImagesKeepTheRules() {
        return rules(HandoffMonoRulesTest::hand);
    }

    @TestFactory
    Stream<DynamicTest> imagesHandedByAnotherThreadKeepTheRules() {
        return rules((receiver, elements) -> {
            var _ = Schedulers.boundedElastic().schedule(() -> hand(receiver, elements));
        });
    }

    private static void hand(HandoffMono.Receiver receiver, long elements) {
        if (elements == 0) {
            receiver.giveNothing();
        } else {
            receiver.give(OpenImage.inFile(META, Path.of("file"), 0, 0, () -> {}));
        }
    }

    private static Stream<DynamicTest> rules(ObjLongConsumer<HandoffMono.Receiver> source) {
        return ReactiveStreamsRules.of(
                1,
                elements -> HandoffMono.to(receiver -> source.accept(receiver, elements)),
                HandoffMono.to(receiver -> {
                    throw new IllegalStateException("failed");
                }));
    }
}
