package dev.sluice.gateway.feature.uploads;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.feature.uploads.UploadRig.Put;
import dev.sluice.gateway.outbound.storage.S3Server;
import dev.sluice.gateway.testing.EmbeddedPostgres;
import dev.sluice.gateway.testing.NoLeaks;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** On a bucket, which takes the uploads itself, and PostgreSQL. */
@ExtendWith(NoLeaks.class)
class S3UploadTest extends UploadContract {
    private S3Server server;
    private String bucket;
    private String database;

    @BeforeAll
    @Override
    void start() {
        server = S3Server.start();
        bucket = server.newBucket();
        database = EmbeddedPostgres.shared().newDatabase();
        super.start();
    }

    @AfterAll
    @Override
    void stop() {
        super.stop();
        server.close();
    }

    @Override
    Map<String, String> settings() {
        return Map.of(
                "sluice.storage.s3.bucket",
                bucket,
                "sluice.storage.s3.endpoint",
                server.endpoint(),
                "sluice.storage.s3.access-key",
                S3Server.ACCESS_KEY,
                "sluice.storage.s3.secret-key",
                S3Server.SECRET_KEY,
                "sluice.database.url",
                database);
    }

    @Override
    Map<String, String> newDatabase() {
        return Map.of("sluice.database.url", EmbeddedPostgres.shared().newDatabase());
    }

    @Override
    long objects() {
        return server.objects(bucket);
    }

    @Test
    void uploadGoesStraightToTheBucket() {
        Put put = rig.announced("image/png", 100);

        assertThat(put.url().toString()).startsWith(server.endpoint() + "/" + bucket + "/t/");
        assertThat(put.headers()).containsOnlyKeys("content-length", "content-type");
        assertThat(put.url().getQuery())
                .contains("x-amz-meta-image-id=front", "x-amz-meta-listing-id=" + put.listingId());
    }
}
