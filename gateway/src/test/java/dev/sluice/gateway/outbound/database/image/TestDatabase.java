package dev.sluice.gateway.outbound.database.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.database.Database;
import dev.sluice.gateway.outbound.database.OpenDatabase;
import dev.sluice.gateway.outbound.database.OpenDatabase.Location;
import dev.sluice.gateway.outbound.database.Rows;
import dev.sluice.gateway.outbound.database.image.ImageScope.OwnedBy;
import dev.sluice.gateway.outbound.database.image.ObjectIntents.QuotaMode;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.springframework.util.unit.DataSize;
import reactor.core.publisher.Mono;

/** A migrated database with all of its repositories, on a clock that is set by hand. */
final class TestDatabase implements AutoCloseable {
    static final Duration TIMEOUT = Duration.ofSeconds(30);
    /** Of one owner's bytes: small enough to be used up. */
    static final long QUOTA = DataSize.ofMegabytes(1).toBytes();

    /** Of one owner's images, where a test uses them up. */
    static final int FEW_IMAGES = 210;

    private static final int MANY_IMAGES = 100_000;

    static final int USAGES = 30;

    final SetClock clock = new SetClock();
    final OpenDatabase open;
    final Database database;
    final Images images;
    final Thumbnails thumbnails;
    final GenerationJobs jobs;
    final GenerationQueue queue;
    final ImageDeletion deletion;
    final ImageUsages usages;
    final ObjectIntents intents;
    final ObjectReferences references;
    final Uploads uploads;
    final OwnerStorage storage;

    static final long SIZE = 1234;

    private TestDatabase(Location location, int mostImages) {
        open = new OpenDatabase(location);
        database = open.database();
        StorageQuota quota = new StorageQuota(DataSize.ofBytes(QUOTA), mostImages, USAGES);
        images = new Images(database, clock);
        thumbnails = new Thumbnails(database, clock);
        jobs = new GenerationJobs(database, quota, clock);
        queue = new GenerationQueue(database);
        deletion = new ImageDeletion(database, clock);
        usages = new ImageUsages(database, quota, clock);
        intents = new ObjectIntents(database, quota, clock);
        references = new ObjectReferences(database, clock, 3);
        uploads = new Uploads(database, quota, clock);
        storage = new OwnerStorage(database, quota);
    }

    static TestDatabase open(Location location) {
        return new TestDatabase(location, MANY_IMAGES);
    }

    /** As {@link #open}, with {@link #FEW_IMAGES}. */
    static TestDatabase small(Location location) {
        return new TestDatabase(location, FEW_IMAGES);
    }

    static TestDatabase h2(Path directory) {
        return open(settings("", directory));
    }

    static Location settings(String url, Path directory) {
        return new Location(url, directory, 10, Duration.ofSeconds(5), Duration.ofSeconds(10), TIMEOUT);
    }

    /** Empties every table. */
    void clear() {
        done(database.transaction(client -> client.sql("DELETE FROM images")
                .then()
                .then(client.sql("DELETE FROM object_intents").then())
                .then(client.sql("DELETE FROM uploads").then())
                .then(client.sql("DELETE FROM owner_storage").then())));
    }

    Image generating(String owner, String prompt) {
        return Image.generating(
                UUID.randomUUID(),
                owner,
                null,
                null,
                new Image.Generation(prompt, "1:1", "sketch", null, null),
                clock.instant());
    }

    Image stored(String owner, String altText) {
        return Image.stored(
                UUID.randomUUID(), owner, null, Image.Source.IMPORTED, altText, object(), null, clock.instant());
    }

    /** With its intent, as it has to be. */
    Image added(Image image) {
        if (image.object() != null) {
            done(intents.announce(
                    image.owner(),
                    List.of(new ObjectIntents.Announced(
                            image.object().key(), image.object().size())),
                    image.id(),
                    Duration.ofMinutes(2),
                    QuotaMode.COUNTED));
        }
        done(images.add(image));
        return image;
    }

    /** Of alice's, as large as {@link #object}. */
    Mono<Void> announce(String key, UUID imageId, Duration ttl) {
        return intents.announce(
                "alice", List.of(new ObjectIntents.Announced(key, SIZE)), imageId, ttl, QuotaMode.ENFORCED);
    }

    /** Bytes that are an owner's. */
    long used(String owner) {
        return get(storage.of(owner)).used();
    }

    /** As {@link #used}, which is what a count of everything gives, too. */
    long counted(String owner) {
        long used = used(owner);
        done(storage.recount());
        assertThat(used(owner)).as("counted anew").isEqualTo(used);
        return used;
    }

    static ImageObject object() {
        return object("images/2026/11/21/" + UUID.randomUUID() + ".png");
    }

    static ImageObject object(String key) {
        return new ImageObject(key, "image/png", SIZE, 0xFFFF_FFFFL, "sha256-0", 640, 480);
    }

    static String keyOf(Image image) {
        return Objects.requireNonNull(image.object()).key();
    }

    static OwnedBy ownedBy(String owner) {
        return new OwnedBy(owner);
    }

    long rows(String table) {
        return get(database.query(client -> client.sql("SELECT COUNT(*) AS found FROM " + table)
                .map(row -> Rows.number(row, "found"))
                .one()));
    }

    /** The one claimed job. */
    GenerationJobs.Job claimOne(String worker) {
        List<GenerationJobs.Job> claimed = get(jobs.claim(worker, 1, Duration.ofSeconds(30)));
        if (claimed.size() != 1) {
            throw new AssertionError("claimed " + claimed);
        }
        return claimed.getFirst();
    }

    static <T> T get(Mono<T> mono) {
        return Objects.requireNonNull(mono.block(TIMEOUT), "nothing came");
    }

    static <T> boolean isEmpty(Mono<T> mono) {
        return mono.block(TIMEOUT) == null;
    }

    static void done(Mono<Void> mono) {
        mono.block(TIMEOUT);
    }

    @Override
    public void close() {
        open.close();
    }

    /** Stands still until it is moved. */
    static final class SetClock extends Clock {
        private volatile Instant now = Instant.parse("2026-11-21T10:00:00.123456Z");

        void advance(Duration by) {
            now = now.plus(by);
        }

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }
}
