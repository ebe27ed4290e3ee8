package dev.sluice.gateway.outbound.database.image;

import dev.sluice.gateway.testing.EmbeddedPostgres;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;

class PostgresRepositoriesTest {

    private static TestDatabase database;

    @BeforeAll
    static void open() {
        database = TestDatabase.small(
                TestDatabase.settings(EmbeddedPostgres.shared().newDatabase(), Path.of("unused")));
    }

    @AfterAll
    static void close() {
        database.close();
    }

    @Nested
    class OfImages extends ImagesContract {
        @Override
        TestDatabase database() {
            return database;
        }
    }

    @Nested
    class OfGenerationJobs extends GenerationJobsContract {
        @Override
        TestDatabase database() {
            return database;
        }
    }

    @Nested
    class OfObjects extends ObjectsContract {
        @Override
        TestDatabase database() {
            return database;
        }
    }

    @Nested
    class OfUsagesAndDeletion extends DeletionContract {
        @Override
        TestDatabase database() {
            return database;
        }
    }

    @Nested
    class OfThumbnails extends ThumbnailsContract {
        @Override
        TestDatabase database() {
            return database;
        }
    }

    @Nested
    class OfUploads extends UploadsContract {
        @Override
        TestDatabase database() {
            return database;
        }
    }

    @Nested
    class OfStorage extends StorageContract {
        @Override
        TestDatabase database() {
            return database;
        }
    }
}
