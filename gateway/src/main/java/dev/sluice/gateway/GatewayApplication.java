package dev.sluice.gateway;

import dev.sluice.gateway.feature.apidocs.ApiDocsFeature;
import dev.sluice.gateway.feature.assistant.AssistantFeature;
import dev.sluice.gateway.feature.gallery.GalleryFeature;
import dev.sluice.gateway.feature.imageproxy.ImageProxyFeature;
import dev.sluice.gateway.feature.overview.OverviewFeature;
import dev.sluice.gateway.feature.samples.SamplesFeature;
import dev.sluice.gateway.feature.training.TrainingFeature;
import dev.sluice.gateway.feature.uploads.UploadsFeature;
import dev.sluice.gateway.feature.webapp.WebAppFeature;
import dev.sluice.gateway.feature.zip.ZipFeature;
import dev.sluice.gateway.outbound.alert.AlertConfiguration;
import dev.sluice.gateway.outbound.database.DatabaseConfiguration;
import dev.sluice.gateway.outbound.database.image.ImageDatabaseConfiguration;
import dev.sluice.gateway.outbound.fetch.FetchConfiguration;
import dev.sluice.gateway.outbound.imagecache.RemoteImageConfiguration;
import dev.sluice.gateway.outbound.picture.PictureConfiguration;
import dev.sluice.gateway.outbound.redis.RedisConfiguration;
import dev.sluice.gateway.outbound.storage.StorageConfiguration;
import dev.sluice.gateway.outbound.thumbnail.ThumbnailConfiguration;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurationPackage;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Import;

/** Starts the gateway. The list of imports is its table of contents. */
@SpringBootConfiguration
@EnableAutoConfiguration
// Jackson's mix-ins, of which there are none, would be looked for in every class of this package.
@AutoConfigurationPackage(basePackages = "dev.sluice.gateway.mixins")
@Import({
    ProductionRequirements.class, // what production does not start without
    ListenAddress.class, // who can reach it
    Pipeline.class, // in which order a request passes its guards
    FetchConfiguration.class, // the only way to an origin
    RemoteImageConfiguration.class, // the store of what came from there
    RedisConfiguration.class, // what several gateways share, if there is a Redis
    AlertConfiguration.class, // warnings to the operator
    DatabaseConfiguration.class, // connections, migrations
    ImageDatabaseConfiguration.class, // rows: who has which image
    StorageConfiguration.class, // objects: the images themselves
    PictureConfiguration.class, // what image files are
    ThumbnailConfiguration.class, // smaller copies of images
    ZipFeature.class, // many remote images as one streamed archive
    ImageProxyFeature.class, // one remote image for a page, cached on disk
    GalleryFeature.class, // images with owners: made, kept, served, deleted
    UploadsFeature.class, // images that callers send themselves, for their listings
    AssistantFeature.class, // text from a model, its key kept here
    TrainingFeature.class, // image models trained on a caller's pictures
    OverviewFeature.class, // is it well: the last hour, for admins
    ApiDocsFeature.class, // what there is over HTTP, in OpenAPI
    WebAppFeature.class, // pages for people, at /
    SamplesFeature.class, // development only: pictures to try it with, and some that misbehave
    StartMessage.class, // where all of it is, in the log
})
public class GatewayApplication {

    /** Entry point of the process. */
    public static void main(String[] args) {
        // Read once, when Netty loads. At most 4 buffers of up to 256 KB wait in a response, not 128.
        setUnlessGiven("reactor.netty.send.maxPrefetchSize", "4");
        // The adaptive allocator clears each chunk of memory it takes: half the throughput of large bodies.
        setUnlessGiven("io.netty.allocator.type", "pooled");
        // Even sampled, it takes a stack trace for one buffer in 128. Tests look for leaks, at every buffer.
        setUnlessGiven("io.netty.leakDetection.level", "disabled");
        // Nothing blocks a loop, so more of them than processors (4 at least by default) only take turns.
        int processors = Runtime.getRuntime().availableProcessors();
        setUnlessGiven("reactor.netty.ioWorkerCount", Integer.toString(Math.max(2, processors)));
        // One arena for each loop; twice as many by default, each with chunks of its own that are half empty.
        setUnlessGiven("io.netty.allocator.numDirectArenas", Integer.toString(Math.max(2, processors)));
        setUnlessGiven("io.netty.allocator.numHeapArenas", "1");
        SpringApplication.run(GatewayApplication.class, args);
    }

    private static void setUnlessGiven(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }
}
