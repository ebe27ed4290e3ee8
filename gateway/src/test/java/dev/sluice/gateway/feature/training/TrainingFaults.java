package dev.sluice.gateway.feature.training;

import dev.sluice.gateway.testing.NoLeaks;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * What tests of faults share: a gateway of the class's for tests that need no settings of their own, and for others one
 * of the test's own. Each holds nothing when a test is done.
 */
@ExtendWith(NoLeaks.class)
abstract class TrainingFaults {
    @TempDir
    private static Path classDirectory;

    private static @Nullable TrainingRig shared;

    @TempDir
    Path directory;

    private @Nullable TrainingRig rig;

    final TrainingRig rig() {
        TrainingRig ready = shared;
        if (ready == null) {
            ready = new TrainingRig(classDirectory.resolve("spool"));
            shared = ready;
        }
        ready.forget();
        rig = ready;
        return ready;
    }

    final TrainingRig rig(String... settings) {
        TrainingRig own = new TrainingRig(directory.resolve("spool"), settings);
        rig = own;
        return own;
    }

    @AfterEach
    final void stop() {
        TrainingRig used = rig;
        if (used != null) {
            used.assertEverythingIsFree();
            if (used != shared) {
                used.close();
            }
        }
    }

    @AfterAll
    static void stopShared() {
        TrainingRig used = shared;
        if (used != null) {
            used.close();
            shared = null;
        }
    }
}
