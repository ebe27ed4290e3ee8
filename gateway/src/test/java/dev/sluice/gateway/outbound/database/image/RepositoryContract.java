package dev.sluice.gateway.outbound.database.image;

import org.junit.jupiter.api.BeforeEach;

/** What a suite needs to run on whichever database its subclass has opened. */
abstract class RepositoryContract {
    TestDatabase db;

    abstract TestDatabase database();

    @BeforeEach
    void empty() {
        db = database();
        db.clear();
    }
}
