package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.database.ObjectReference;
import dev.sluice.gateway.outbound.storage.ListedObject;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** When a comparison of store and database is believed. */
class DifferencesTest {
    @ParameterizedTest(name = "{0} agree, {1} objects without a row, {2} rows without an object")
    @CsvSource({
        "0, 0, 0, true",
        "0, 1, 0, false",
        "0, 0, 1, false",
        "1, 10, 10, true",
        "1, 11, 0, false",
        "1, 0, 11, false",
        "40, 40, 0, true",
        "40, 41, 0, false",
        "1000, 50, 50, true",
        "1000, 51, 0, false",
        "1000, 0, 51, false",
        "1000, 500, 0, false",
    })
    void areBelievedWhileTheyAreFew(int agreeing, int unnamed, int lost, boolean expected) {
        Differences differences = new Differences(50);
        for (int i = 0; i < agreeing; i++) {
            differences.agree();
        }
        ObjectKey key = ObjectKey.image("alice", Instant.EPOCH, UUID.randomUUID(), "png");
        for (int i = 0; i < unnamed; i++) {
            differences.unnamed(new ListedObject(key, 1, Instant.EPOCH));
        }
        for (int i = 0; i < lost; i++) {
            differences.lost(new ObjectReference(key.value(), UUID.randomUUID(), 1, false, ObjectReference.Kind.IMAGE));
        }

        assertThat(differences.areCredible()).isEqualTo(expected);
        assertThat(differences.unnamed()).hasSizeLessThanOrEqualTo(51);
    }
}
