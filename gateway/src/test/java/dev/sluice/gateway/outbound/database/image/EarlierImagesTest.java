package dev.sluice.gateway.outbound.database.image;

import static dev.sluice.gateway.outbound.database.image.TestDatabase.get;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.isEmpty;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.database.OpenDatabase.Location;
import dev.sluice.gateway.outbound.database.image.ImageScope.Everywhere;
import dev.sluice.gateway.outbound.database.image.ImageThumbnails.Progress;
import dev.sluice.gateway.testing.EmbeddedPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images of a gateway that knew nothing of thumbnails. */
class EarlierImagesTest {
    private static final Set<String> PNG = Set.of("image/png");

    @TempDir
    private Path directory;

    @Test
    void imagesInH2AreDueNewestFirst() throws SQLException {
        assertDue(TestDatabase.settings("", directory));
    }

    @Test
    void imagesInPostgresAreDueNewestFirst() throws SQLException {
        assertDue(TestDatabase.settings(EmbeddedPostgres.shared().newDatabase(), directory));
    }

    private static void assertDue(Location location) throws SQLException {
        UUID old = UUID.randomUUID();
        UUID recent = UUID.randomUUID();
        UUID failed = UUID.randomUUID();
        toTheThirdVersion(location);
        execute(
                location,
                stored(old, "a", "2025-01-01"),
                stored(recent, "b", "2025-06-01"),
                "INSERT INTO images (id, owner, source, status, created_at, updated_at) VALUES ('" + failed
                        + "', 'user:alice', 'generated', 'failed', '2025-07-01 00:00:00+00',"
                        + " '2025-07-01 00:00:00+00')");

        try (TestDatabase db = TestDatabase.open(location)) {
            assertThat(get(db.thumbnails.waiting(PNG))).isEqualTo(2);
            assertThat(db.counted("user:alice")).as("a byte each").isEqualTo(2);
            assertThat(get(db.images.find(old, new Everywhere())).thumbnails()).isEqualTo(ImageThumbnails.WAITING);
            assertThat(get(db.images.find(failed, new Everywhere())).thumbnails())
                    .isEqualTo(ImageThumbnails.NONE);
            Thumbnails.Job first = get(db.thumbnails.claim(PNG, Duration.ofMinutes(1)));
            assertThat(first).isEqualTo(new Thumbnails.Job(recent, "user:alice", "b", "image/png", 1));
            assertThat(get(db.thumbnails.complete(first, 3000, 4000, null, List.of())))
                    .isTrue();
            assertThat(get(db.thumbnails.claim(PNG, Duration.ofMinutes(1))).imageId())
                    .isEqualTo(old);
            assertThat(isEmpty(db.thumbnails.claim(PNG, Duration.ofMinutes(1)))).isTrue();
            assertThat(get(db.images.find(recent, new Everywhere()))
                            .thumbnails()
                            .progress())
                    .isEqualTo(Progress.DONE);

            // A gateway of the version before goes on for a while beside the new one.
            execute(location, stored(UUID.randomUUID(), "c", "2025-08-01"));
            assertThat(get(db.thumbnails.claim(PNG, Duration.ofMinutes(1))).objectKey())
                    .isEqualTo("c");
        }
    }

    private static String stored(UUID id, String key, String day) {
        return "INSERT INTO images (id, owner, source, status, object_key, content_type, size_bytes, crc32, etag, width,"
                + " height, created_at, updated_at) VALUES ('" + id + "', 'user:alice', 'imported', 'completed', '"
                + key
                + "', 'image/png', 1, 1, '\"e\"', 4000, 3000, '" + day + " 00:00:00+00', '" + day + " 00:00:00+00')";
    }

    private static void toTheThirdVersion(Location location) {
        Properties given = location.jdbcProperties();
        Map<String, String> others = new HashMap<>();
        given.stringPropertyNames().forEach(name -> others.put(name, given.getProperty(name)));
        Flyway.configure()
                .dataSource(location.jdbcUrl(), given.getProperty("user"), given.getProperty("password"))
                .jdbcProperties(others)
                .locations("classpath:db/migration")
                .placeholders(location.placeholders())
                .target("3")
                .load()
                .migrate();
    }

    private static void execute(Location location, String... statements) throws SQLException {
        try (Connection connection = DriverManager.getConnection(location.jdbcUrl(), location.jdbcProperties());
                Statement statement = connection.createStatement()) {
            for (String each : statements) {
                statement.execute(each);
            }
        }
    }
}
