package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.outbound.storage.S3Bucket;
import dev.sluice.gateway.testing.EmbeddedPostgres;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;

/** On a PostgreSQL and a bucket, as several gateways share them. */
class GalleryThumbnailsOnPostgresAndS3Test extends GalleryThumbnailsContract {
    private final S3Bucket bucket = S3Bucket.open();

    @Override
    Map<String, String> backend() {
        Map<String, String> settings = new HashMap<>(bucket.settings());
        settings.put("sluice.database.url", EmbeddedPostgres.shared().newDatabase());
        return settings;
    }

    @Override
    @AfterAll
    void stop() {
        super.stop();
        bucket.close();
    }
}
