package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.feature.gallery.FaultyStore.Moment;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.outbound.storage.S3Bucket;
import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.EmbeddedPostgres;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.RunningGateway;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import reactor.core.publisher.Mono;
import tools.jackson.databind.JsonNode;

/** Two gateways that share a database and a bucket, and make what lacks side by side. */
@ExtendWith(NoLeaks.class)
class TwoGatewaysThumbnailsTest {
    private static final int IMAGES = 12;

    @Test
    void noThumbnailIsMadeTwice() {
        try (S3Bucket bucket = S3Bucket.open();
                HostileOrigin origin = HostileOrigin.start()) {
            origin.on("/a.png", Behaviours.image(Drawn.picture("png", 400, 200)));
            Map<String, String> settings = new HashMap<>(bucket.settings());
            settings.put("sluice.database.url", EmbeddedPostgres.shared().newDatabase());
            settings.put("sluice.thumbnails.poll", "20ms");
            settings.put("sluice.thumbnails.retry-pause", "50ms");
            settings.put("sluice.signing-secret", "0123456789abcdef0123456789abcdef");
            try (RunningGateway one = RunningGateway.start(origin, settings, FaultyStore.Installed.class);
                    RunningGateway other = RunningGateway.start(origin, settings, FaultyStore.Installed.class)) {
                List<FaultyStore> stores = List.of(store(one), store(other));
                stores.forEach(store -> store.on(Moment.BEFORE_THUMBNAIL, FaultyStore.failing(Kind.UNAVAILABLE)));
                GalleryClient alice = GalleryClient.alice(one::uri);
                for (int i = 0; i < IMAGES; i++) {
                    alice.imported(origin.url("/a.png"));
                }
                AtomicInteger puts = new AtomicInteger();
                stores.forEach(store -> {
                    store.on(Moment.AFTER_THUMBNAIL, () -> Mono.fromRunnable(puts::incrementAndGet));
                    store.clear(Moment.BEFORE_THUMBNAIL);
                });

                GalleryClient chief = GalleryClient.chief(one::uri);
                Await.until(
                        GalleryClient.SOON,
                        "all have theirs",
                        () -> chief.allImages().stream().allMatch(TwoGatewaysThumbnailsTest::hasBoth));

                assertThat(puts).hasValue(2 * IMAGES);
                assertThat(Holdings.of(one).match().objects()).hasSize(3 * IMAGES);
            }
        }
    }

    private static FaultyStore store(RunningGateway gateway) {
        return (FaultyStore) gateway.bean(ObjectStore.class);
    }

    private static boolean hasBoth(JsonNode image) {
        return image.required("thumbnails").size() == 2;
    }
}
