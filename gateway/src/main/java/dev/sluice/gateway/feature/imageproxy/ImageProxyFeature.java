package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.SigningSecret;
import dev.sluice.gateway.feature.imageproxy.ImageProxy.Outcome;
import dev.sluice.gateway.feature.imageproxy.ImageProxyProperties.CacheBounds;
import dev.sluice.gateway.feature.imageproxy.cache.CacheSettings;
import dev.sluice.gateway.feature.imageproxy.cache.ImageCache;
import dev.sluice.gateway.outbound.fetch.OriginFetch;
import dev.sluice.gateway.outbound.fetch.OriginUrls;
import dev.sluice.gateway.outbound.picture.Pictures;
import dev.sluice.gateway.outbound.redis.SharedLog;
import dev.sluice.gateway.outbound.redis.SharedRedis;
import dev.sluice.gateway.outbound.share.CallerShares;
import dev.sluice.zipstream.BufferBudget;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** One remote image for an {@code <img>}: wiring. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(ImageProxyProperties.class)
public class ImageProxyFeature {
    private static final int DISK_THREADS = 4;
    private static final int MOST_QUEUED = 1_000;
    private static final int MEMORY_SHARES = 4;

    @Bean(destroyMethod = "dispose")
    Scheduler imageCacheThreads() {
        return Schedulers.newBoundedElastic(DISK_THREADS, MOST_QUEUED, "image-cache");
    }

    /** Its index is read in the background: a large cache does not keep the gateway from starting. */
    @Bean(destroyMethod = "close")
    ImageStore imageStore(
            ImageProxyProperties properties,
            @Qualifier("imageCacheThreads") Scheduler disk,
            ObjectProvider<Clock> clocks,
            MeterRegistry meters) {
        CacheBounds bounds = properties.cache();
        ImageCache cache = bounds.enabled() ? new ImageCache(settings(bounds), disk, clock(clocks), meters) : null;
        if (cache != null) {
            cache.start();
        }
        return new ImageStore(
                cache, bounds.ttl(), bounds.writeTimeout(), new EvictionShares(bounds.callerBytes(), clock(clocks)));
    }

    @Bean
    BufferBudget proxyMemory(ImageProxyProperties properties, MeterRegistry meters) {
        BufferBudget budget = new BufferBudget(properties.bufferBudget().toBytes(), MOST_QUEUED, Schedulers.parallel());
        Gauge.builder("sluice.image_proxy.budget.free", budget, BufferBudget::available)
                .description("Bytes that images on their way to the cache may still take")
                .baseUnit("bytes")
                .register(meters);
        return budget;
    }

    @Bean
    CallerShares proxyMemoryShares(ImageProxyProperties properties, @Qualifier("proxyMemory") BufferBudget memory) {
        // Room for one image of the largest kind at least.
        long share = Math.max(
                memory.capacity() / MEMORY_SHARES, properties.maxImageSize().toBytes());
        return new CallerShares(memory, share, Schedulers.parallel());
    }

    @Bean
    NegativeCache knownFailures(ImageProxyProperties properties, ObjectProvider<Clock> clocks) {
        return new NegativeCache(properties.rememberDecided(), properties.rememberFailed(), clock(clocks));
    }

    @Bean
    FailedTransforms failedTransforms(ImageProxyProperties properties, ObjectProvider<Clock> clocks) {
        return new FailedTransforms(properties.rememberDecided(), properties.rememberFailed(), clock(clocks));
    }

    @Bean
    ImageProxyMeters imageProxyMeters(MeterRegistry registry) {
        return new ImageProxyMeters(registry);
    }

    @Bean
    ImageProxy imageProxy(
            ImageProxyProperties properties,
            OriginFetch origins,
            ImageStore store,
            NegativeCache failures,
            CallerShares memory,
            ObjectProvider<Clock> clocks,
            ImageProxyMeters meters) {
        SingleFlight<Outcome> singleFlight =
                new SingleFlight<>(properties.concurrentFetches(), properties.longestFetch());
        meters.watch(singleFlight);
        OriginImages images = new OriginImages(origins, properties, memory, clock(clocks));
        return new ImageProxy(images, store, failures, singleFlight, meters, clock(clocks));
    }

    @Bean
    ThumbnailProxy thumbnailProxy(
            ImageProxyProperties properties,
            ImageProxy proxy,
            Pictures pictures,
            ImageStore store,
            FailedTransforms failures,
            CallerShares memory,
            ObjectProvider<Clock> clocks,
            ImageProxyMeters meters) {
        SingleFlight<ThumbnailProxy.Outcome> singleFlight =
                new SingleFlight<>(properties.concurrentFetches(), properties.longestTransform());
        meters.watchTransforms(singleFlight);
        ThumbnailMaker maker = new ThumbnailMaker(pictures, properties, memory);
        return new ThumbnailProxy(proxy, maker, store, failures, singleFlight, meters, clock(clocks));
    }

    @Bean
    FeatureRoutes imageProxyRoutes(
            ImageProxy proxy,
            ThumbnailProxy thumbnails,
            OriginUrls urls,
            ImageProxyProperties properties,
            SigningSecret secret,
            ImageProxyMeters meters,
            ObjectProvider<Clock> clocks) {
        SignedUrls signedUrls = new SignedUrls(
                ImageProxyRoutes.PATH, secret.keyFor("image-proxy-url"), properties.signedUrlTtl(), clock(clocks));
        return new ImageProxyRoutes(proxy, thumbnails, new ProxyUrls(urls), signedUrls, meters, properties);
    }

    /** Learns of other gateways' purges from its start on. */
    @Bean(initMethod = "start", destroyMethod = "close")
    SharedPurges sharedPurges(
            ImageStore store, NegativeCache failures, FailedTransforms transforms, ObjectProvider<SharedRedis> redis) {
        SharedRedis shared = redis.getIfAvailable();
        return new SharedPurges(
                new LocalPurges(store, failures, transforms),
                store,
                shared == null ? null : new SharedLog(shared, "image-purges"));
    }

    @Bean
    FeatureRoutes imageCacheRoutes(
            ImageProxy proxy,
            OriginUrls urls,
            ImageStore store,
            NegativeCache failures,
            FailedTransforms transforms,
            SharedPurges purges) {
        return new CacheRoutes(new ProxyUrls(urls), store, failures, transforms, proxy, purges);
    }

    private static CacheSettings settings(CacheBounds bounds) {
        return new CacheSettings(
                bounds.directory(),
                bounds.maxSize().toBytes(),
                bounds.maxEntries(),
                bounds.ttl(),
                bounds.staleIfError(),
                bounds.memory().toBytes(),
                bounds.hotImageSize().toBytes());
    }

    private static Clock clock(ObjectProvider<Clock> clocks) {
        return clocks.getIfAvailable(Clock::systemUTC);
    }
}
