package dev.sluice.gateway.feature.training;

import dev.sluice.gateway.testing.NoLeaks;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What tests of faults share: one rig, with settings of the test's own, that holds nothing when it is done. */
@ExtendWith(NoLeaks.class)
abstract class TrainingFaults {
    @TempDir
    Path directory;

    private @Nullable TrainingRig rig;

    final TrainingRig rig(String... settings) {
        rig = new TrainingRig(directory.resolve("spool"), settings);
        return rig;
    }

    @AfterEach
    final void stop() {
        if (rig != null) {
            rig.assertEverythingIsFree();
            rig.close();
        }
    }
}
