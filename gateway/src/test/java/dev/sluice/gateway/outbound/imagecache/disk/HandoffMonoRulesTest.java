package dev.sluice.gateway.outbound.imagecache.disk;

import dev.sluice.gateway.testing.ReactiveStreamsRules;
import java.nio.file.Path;
import java.time.Instant;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** {@link HandoffMono} keeps the rules of Reactive Streams. */
class HandoffMonoRulesTest {
    private static final CachedMeta META =
            new CachedMeta("u", "image/png", "\"e\"", 1, Instant.EPOCH, null, null, null);

    @TestFactory
    Stream<DynamicTest> handedImagesKeepTheRules() {
        return ReactiveStreamsRules.of(
                1,
                elements -> HandoffMono.to(receiver -> {
                    if (elements == 0) {
                        receiver.giveNothing();
                    } else {
                        receiver.give(OpenImage.inFile(META, Path.of("file"), 0, 0, () -> {}));
                    }
                }),
                HandoffMono.to(receiver -> {
                    throw new IllegalStateException("failed");
                }));
    }
}
