package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.database.image.ObjectReferences;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** When a comparison of store and database is believed. */
class ReconciliationDiffTest {
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
    void ofOneOwnerAreBelievedWhileTheyAreFew(int agreeing, int unnamed, int lost, boolean expected) {
        ReconciliationDiff differences = new ReconciliationDiff(50);
        tell(differences, "alice", agreeing, unnamed, lost);

        differences.end();

        assertThat(differences.arePlausible() && !differences.hasSkippedOwners())
                .isEqualTo(expected);
        assertThat(differences.unnamed()).hasSizeLessThanOrEqualTo(51);
    }

    @Test
    void ownerOfWhomTooMuchDiffersIsLeftAloneAndNobodyElse() {
        ReconciliationDiff differences = new ReconciliationDiff(50);
        tell(differences, "alice", 20, 1, 1);
        tell(differences, "mallory", 5, 400, 0);
        tell(differences, "bob", 20, 1, 0);

        differences.end();

        assertThat(differences.arePlausible()).isTrue();
        assertThat(differences.hasSkippedOwners()).isTrue();
        assertThat(differences.toString()).contains(ObjectKey.tenantPrefix("mallory"));
        assertThat(differences.unnamed())
                .extracting(object -> object.key().tenant())
                .containsExactly(ObjectKey.tenantPrefix("alice"), ObjectKey.tenantPrefix("bob"));
        assertThat(differences.lost()).hasSize(1);
    }

    @Test
    void nobodyIsBelievedWhenManyOwnersDiffer() {
        ReconciliationDiff differences = new ReconciliationDiff(50);
        for (int i = 0; i < 60; i++) {
            tell(differences, "owner" + i, 10, 1, 0);
        }

        assertThat(differences.end().arePlausible()).isFalse();
    }

    @Test
    void nobodyIsBelievedWhenLittleAgreesInAll() {
        ReconciliationDiff differences = new ReconciliationDiff(100);
        tell(differences, "new", 1, 0, 0);
        for (int i = 0; i < 8; i++) {
            tell(differences, "owner" + i, 0, 9, 0);
        }

        assertThat(differences.end().arePlausible()).isFalse();
    }

    @Test
    void rowIsOnlyBelievedToHaveLostItsObjectIfTheStoreHasAnOlderOne() {
        Instant made = Instant.parse("2026-11-21T10:00:00Z");
        ReconciliationDiff differences = new ReconciliationDiff(50);
        differences.agree(key("alice"), made.plusSeconds(1));
        differences.agree(key("alice"), made);
        differences.lost(lost("alice", made.minusSeconds(1)));
        differences.lost(lost("alice", made));
        ObjectReferences.Reference younger = lost("alice", made.plusMillis(1));
        differences.lost(younger);

        differences.end();

        assertThat(differences.arePlausible()).isTrue();
        assertThat(differences.lost()).containsExactly(younger);
        assertThat(differences.doubted()).isEqualTo(2);
        assertThat(differences.toString()).contains("2 of the rows older than every object");
    }

    @Test
    void emptyStoreIsToldFromOneThatBelongsToAnotherDatabase() {
        ReconciliationDiff empty = new ReconciliationDiff(50);
        empty.lost(lost("alice", Instant.EPOCH));
        assertThat(empty.end().isStoreEmpty()).isTrue();
        assertThat(empty.arePlausible()).isFalse();

        ReconciliationDiff others = new ReconciliationDiff(50);
        tell(others, "alice", 0, 1, 1);
        assertThat(others.end().isStoreEmpty()).isFalse();
        assertThat(new ReconciliationDiff(50).end().isStoreEmpty()).isFalse();
    }

    private static String key(String owner) {
        return ObjectKey.image(owner, Instant.EPOCH, UUID.randomUUID(), "png").value();
    }

    private static ObjectReferences.Reference lost(String owner, Instant since) {
        return new ObjectReferences.Reference(
                key(owner), UUID.randomUUID(), 1, since, false, ObjectReferences.Reference.Kind.IMAGE);
    }

    private static void tell(ReconciliationDiff differences, String owner, int agreeing, int unnamed, int lost) {
        ObjectKey key = ObjectKey.image(owner, Instant.EPOCH, UUID.randomUUID(), "png");
        for (int i = 0; i < agreeing; i++) {
            differences.agree(key.value(), Instant.EPOCH);
        }
        for (int i = 0; i < unnamed; i++) {
            differences.unnamed(new ObjectStore.Summary(key, 1, Instant.EPOCH));
        }
        for (int i = 0; i < lost; i++) {
            differences.lost(new ObjectReferences.Reference(
                    key.value(),
                    UUID.randomUUID(),
                    1,
                    Instant.EPOCH.plusSeconds(1),
                    false,
                    ObjectReferences.Reference.Kind.IMAGE));
        }
    }
}
