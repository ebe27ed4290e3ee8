package dev.sluice.gateway.outbound.database.image;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;

/** What a suite needs to run on whichever database its subclass has opened. */
abstract class RepositoryContract {
    TestDatabase db;

    abstract TestDatabase database();

    static ImageDescription altText(@Nullable String text) {
        return new ImageDescription(null, new ImageDescription.Value(text));
    }

    @BeforeEach
    void empty() {
        db = database();
        db.clear();
    }
}
