package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.contract.Alerts;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.http.UserAgent;
import dev.sluice.gateway.feature.gallery.GalleryProperties.GenerationBounds;
import dev.sluice.gateway.outbound.ai.image.ImageModel;
import dev.sluice.gateway.outbound.ai.image.ImageModels;
import dev.sluice.gateway.outbound.ai.image.ImageModels.PollPolicy;
import dev.sluice.gateway.outbound.ai.image.PlaceholderModel;
import dev.sluice.gateway.outbound.ai.image.ReplicateModel;
import dev.sluice.gateway.outbound.ai.image.ReplicateSettings;
import dev.sluice.gateway.outbound.database.image.GenerationJobs;
import dev.sluice.gateway.outbound.database.image.GenerationQueue;
import dev.sluice.gateway.outbound.database.image.ImageDeletion;
import dev.sluice.gateway.outbound.database.image.ImageUsages;
import dev.sluice.gateway.outbound.database.image.Images;
import dev.sluice.gateway.outbound.database.image.ObjectIntents;
import dev.sluice.gateway.outbound.database.image.ObjectReferences;
import dev.sluice.gateway.outbound.database.image.OwnerStorage;
import dev.sluice.gateway.outbound.database.image.Thumbnails;
import dev.sluice.gateway.outbound.fetch.OriginFetch;
import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import dev.sluice.gateway.outbound.http.ProviderRetries;
import dev.sluice.gateway.outbound.link.LinkFactory;
import dev.sluice.gateway.outbound.link.Links;
import dev.sluice.gateway.outbound.persistence.ImageFiles;
import dev.sluice.gateway.outbound.persistence.ObjectWrites;
import dev.sluice.gateway.outbound.persistence.StorageProblems;
import dev.sluice.gateway.outbound.picture.Pictures;
import dev.sluice.gateway.outbound.redis.SharedRedis;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.outbound.thumbnail.ThumbnailStorage;
import dev.sluice.gateway.outbound.wordpress.WordPressMedia;
import dev.sluice.gateway.outbound.wordpress.WordPressSettings;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.buffer.ByteBufAllocator;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.info.BuildProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.core.env.Profiles;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.util.unit.DataSize;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import tools.jackson.databind.json.JsonMapper;

/** Images with owners: wiring. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({GalleryProperties.class, ArchiveLinkProperties.class})
public class GalleryFeature {
    private static final Logger LOG = LoggerFactory.getLogger(GalleryFeature.class);
    private static final int PLACEHOLDERS_AT_ONCE = 2;
    private static final int MOST_QUEUED = 1_000;
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
    private static final Duration TRY_TIMEOUT = Duration.ofSeconds(15);
    private static final Duration SEND_DEADLINE = Duration.ofSeconds(60);
    private static final DataSize MAX_ANSWER = DataSize.ofMegabytes(1);
    private static final int CONNECTIONS = 32;

    /** The threads that draw placeholder images. */
    @Bean(destroyMethod = "dispose")
    Scheduler placeholderThreads() {
        return Schedulers.newBoundedElastic(PLACEHOLDERS_AT_ONCE, MOST_QUEUED, "sketch");
    }

    @Bean
    GalleryIntake galleryIntake(GalleryProperties properties, OriginFetch origins, Pictures pictures) {
        return new GalleryIntake(origins, pictures, properties.maxImageSize().toBytes());
    }

    @Bean
    ImageStorage imageStorage(
            GalleryProperties properties, ObjectStore store, ObjectIntents intents, ImageDeletion deletions) {
        return new ImageStorage(
                store,
                new ImageFiles(
                        store,
                        new ObjectWrites(store, intents, properties.storeTimeout()),
                        Clock.systemUTC(),
                        new NettyDataBufferFactory(ByteBufAllocator.DEFAULT)),
                deletions);
    }

    @Bean
    Gallery gallery(Images images, ImageDeletion deletions, ImageUsages usages, ImageStorage imageStorage) {
        return new Gallery(images, deletions, usages, imageStorage);
    }

    /** Closed with the application; the event loops are those of the web server. */
    @Bean
    ReplicateModel replicate(
            GalleryProperties properties,
            ReactorResourceFactory resources,
            ObjectProvider<BuildProperties> build,
            JsonMapper json) {
        GenerationBounds bounds = properties.generation();
        ReplicateSettings settings = new ReplicateSettings(
                URI.create(bounds.baseUrl()),
                bounds.apiToken(),
                bounds.model(),
                "png",
                new UrlPolicy(Set.of("https"), Set.copyOf(bounds.domains())),
                UserAgent.of(build.getIfAvailable()),
                CONNECT_TIMEOUT,
                TRY_TIMEOUT,
                MAX_ANSWER,
                CONNECTIONS);
        return new ReplicateModel(settings, resources.getLoopResources(), json, Schedulers.parallel());
    }

    @Bean
    ImageModel imageModel(
            GalleryProperties properties,
            ReplicateModel replicate,
            @Qualifier("placeholderThreads") Scheduler threads,
            MeterRegistry meters,
            Environment environment) {
        boolean production = environment.acceptsProfiles(Profiles.of("prod"));
        GenerationBounds bounds = properties.generation();
        boolean hasToken = bounds.apiToken().isSet();
        GalleryProperties.Provider wanted = bounds.provider();
        GalleryProperties.Provider provider = wanted != null
                ? wanted
                : hasToken || production ? GalleryProperties.Provider.REPLICATE : GalleryProperties.Provider.SKETCH;
        return switch (provider) {
            case SKETCH -> {
                if (production) {
                    throw new IllegalStateException(
                            "sluice.gallery.generation.provider: sketch (expected: replicate in the profile prod)");
                }
                yield ImageModels.guarded(
                        new PlaceholderModel(threads), polling(bounds), meters, Schedulers.parallel());
            }
            case REPLICATE ->
                hasToken
                        ? ImageModels.guarded(replicate, polling(bounds), meters, Schedulers.parallel())
                        : ImageModels.unconfigured("This gateway has no token for its image provider.");
        };
    }

    private static PollPolicy polling(GenerationBounds bounds) {
        PollPolicy defaults = PollPolicy.DEFAULTS;
        return new PollPolicy(
                defaults.firstPause(),
                defaults.longestPause(),
                ProviderRetries.policy(bounds.retryPause(), defaults.retry().retries()));
    }

    @Bean
    GenerationProgress generationProgress(GenerationQueue queue) {
        return new GenerationProgress(queue);
    }

    @Bean
    GenerationWorkers generationWorkers(
            GalleryProperties properties,
            GenerationJobs jobs,
            Images images,
            ImageModel model,
            GalleryIntake intake,
            ImageStorage imageStorage,
            ThumbnailStorage thumbnails,
            GenerationProgress progress,
            MeterRegistry meters) {
        GenerationBounds bounds = properties.generation();
        GenerationTask task = new GenerationTask(
                jobs,
                images,
                model,
                intake,
                imageStorage,
                thumbnails,
                progress,
                bounds.lease(),
                bounds.retryPause(),
                Clock.systemUTC());
        GenerationWorkers workers = new GenerationWorkers(jobs, task, bounds.workers(), bounds.lease(), bounds.poll());
        Gauge.builder("sluice.gallery.workers.busy", workers, GenerationWorkers::busy)
                .description("Images that this process is generating")
                .register(meters);
        return workers;
    }

    @Bean(initMethod = "start", destroyMethod = "close")
    Reconciler reconciler(
            GalleryProperties properties,
            ObjectStore store,
            ObjectIntents intents,
            ObjectReferences references,
            Images images,
            Thumbnails thumbnails,
            OwnerStorage storage,
            ImageStorage imageStorage,
            Alerts alerts,
            MeterRegistry meters) {
        return new Reconciler(
                store,
                intents,
                references,
                images,
                thumbnails,
                storage,
                imageStorage,
                properties.reconcilePeriod(),
                properties.reconcileGrace(),
                properties.reconcileMost(),
                alerts,
                meters,
                Clock.systemUTC());
    }

    @Bean
    FeatureRoutes galleryRoutes(Gallery gallery, OwnerStorage storage, GenerationProgress progress, JsonMapper json) {
        return StorageProblems.mapErrors(new GalleryRoutes(gallery, storage, progress, json));
    }

    @Bean
    FeatureRoutes galleryFileRoutes(Gallery gallery, ObjectStore store, Pictures pictures) {
        return StorageProblems.mapErrors(new FileRoutes(gallery, store, new SizedFiles(pictures)));
    }

    @Bean
    FeatureRoutes galleryArchiveRoutes(
            ArchiveLinkProperties properties, ObjectStore store, Images images, ObjectProvider<SharedRedis> redis) {
        Links.Bounds bounds =
                Links.Bounds.shared(properties.ttl(), properties.store().toBytes(), ArchiveRoutes.MAX_BODY.toBytes());
        Links<LinkedArchive> links = LinkFactory.create(
                "gallery:zip", new LinkedArchive.Format(), bounds, redis.getIfAvailable(), Clock.systemUTC());
        return StorageProblems.mapErrors(new ArchiveRoutes(new StoredArchives(images, store), links));
    }

    @Bean
    FeatureRoutes galleryCreationRoutes(
            GalleryProperties properties,
            GenerationJobs jobs,
            Images images,
            ImageModel model,
            GenerationWorkers workers,
            GalleryIntake intake,
            ImageStorage imageStorage,
            ThumbnailStorage thumbnails,
            OwnerStorage storage) {
        GenerationBounds bounds = properties.generation();
        Generations generations = new Generations(
                jobs,
                new PromptRules(bounds.forbiddenTerms()),
                model.provider(),
                bounds.deadline(),
                properties.maxImageSize().toBytes(),
                workers::signal,
                Clock.systemUTC());
        Imports imports = new Imports(
                intake, imageStorage, thumbnails, images, storage, properties.importTimeout(), Clock.systemUTC());
        return StorageProblems.mapErrors(new CreationRoutes(generations, imports));
    }

    /** Closed with the application; the event loops are those of the web server. */
    @Bean
    WordPressMedia wordPressMedia(
            GalleryProperties properties,
            ReactorResourceFactory resources,
            ObjectProvider<BuildProperties> build,
            JsonMapper json) {
        Map<String, WordPressSettings.Site> sites = new LinkedHashMap<>();
        properties.wordpress().forEach((name, site) -> {
            if (site.isPlainHttp()) {
                LOG.warn(
                        "sluice.gallery.wordpress.{}.url: {} sends the application password unencrypted (expected: https)",
                        name,
                        site.url());
            }
            sites.put(
                    name, new WordPressSettings.Site(URI.create(site.url()), site.user(), site.applicationPassword()));
        });
        WordPressSettings settings = new WordPressSettings(
                sites, UserAgent.of(build.getIfAvailable()), CONNECT_TIMEOUT, SEND_DEADLINE, MAX_ANSWER, CONNECTIONS);
        return new WordPressMedia(settings, resources.getLoopResources(), json, Schedulers.parallel());
    }

    @Bean
    FeatureRoutes galleryWordPressRoutes(
            Gallery gallery, ObjectStore store, WordPressMedia sites, GalleryProperties properties) {
        return StorageProblems.mapErrors(new WordPressRoutes(gallery, store, sites, properties.wordpress()));
    }
}
