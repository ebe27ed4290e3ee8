package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.SigningSecret;
import dev.sluice.gateway.outbound.fetch.FetchException;
import dev.sluice.gateway.outbound.fetch.OriginUrls;
import dev.sluice.gateway.outbound.imagecache.ImageFetches;
import dev.sluice.gateway.outbound.imagecache.ImageStore;
import dev.sluice.gateway.outbound.imagecache.NegativeCache;
import dev.sluice.gateway.outbound.imagecache.RemoteImageProperties;
import dev.sluice.gateway.outbound.imagecache.SingleFlight;
import dev.sluice.gateway.outbound.picture.Pictures;
import dev.sluice.gateway.outbound.redis.SharedLog;
import dev.sluice.gateway.outbound.redis.SharedRedis;
import dev.sluice.gateway.outbound.share.CallerShares;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** One remote image for an {@code <img>}: wiring. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(ImageProxyProperties.class)
public class ImageProxyFeature {
    @Bean
    FailedTransforms failedTransforms(RemoteImageProperties properties, ObjectProvider<Clock> clocks) {
        return new FailedTransforms(properties.rememberDecided(), properties.rememberFailed(), clock(clocks));
    }

    @Bean
    ImageProxyMeters imageProxyMeters(MeterRegistry registry) {
        return new ImageProxyMeters(registry);
    }

    @Bean
    ImageProxy imageProxy(
            ImageFetches fetches, ImageStore store, ObjectProvider<Clock> clocks, ImageProxyMeters meters) {
        return new ImageProxy(fetches, store, meters, clock(clocks));
    }

    @Bean
    ThumbnailProxy thumbnailProxy(
            ImageProxyProperties properties,
            RemoteImageProperties images,
            ImageProxy proxy,
            Pictures pictures,
            ImageStore store,
            FailedTransforms failures,
            @Qualifier("proxyMemoryShares") CallerShares memory,
            ObjectProvider<Clock> clocks,
            ImageProxyMeters meters) {
        SingleFlight<ThumbnailProxy.Outcome> singleFlight =
                new SingleFlight<>(images.concurrentFetches(), images.withDisk(properties.transformTimeout()));
        meters.watchTransforms(singleFlight);
        ThumbnailMaker maker = new ThumbnailMaker(pictures, images, properties.transformTimeout(), memory);
        return new ThumbnailProxy(proxy, maker, store, failures, singleFlight, meters, clock(clocks));
    }

    @Bean
    SignedUrls signedImageUrls(ImageProxyProperties properties, SigningSecret secret, ObjectProvider<Clock> clocks) {
        return new SignedUrls(
                ImageProxyRoutes.PATH, secret.keyFor("image-proxy-url"), properties.signedUrlTtl(), clock(clocks));
    }

    @Bean
    FeatureRoutes imageProxyRoutes(
            ImageProxy proxy,
            ThumbnailProxy thumbnails,
            OriginUrls urls,
            ImageProxyProperties properties,
            SignedUrls signedUrls,
            ImageProxyMeters meters) {
        return new ImageProxyRoutes(proxy, thumbnails, new ProxyUrls(urls), signedUrls, meters, properties);
    }

    @Bean
    FeatureRoutes previewRoutes(OriginUrls urls, ImageProxyProperties properties, SignedUrls signedUrls) {
        return new PreviewRoutes(new ProxyUrls(urls), signedUrls, properties.maxUrls());
    }

    /** Learns of other gateways' purges from its start on. */
    @Bean(initMethod = "start", destroyMethod = "close")
    SharedPurges sharedPurges(
            ImageStore store,
            NegativeCache<FetchException> failures,
            FailedTransforms transforms,
            ObjectProvider<SharedRedis> redis) {
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
            NegativeCache<FetchException> failures,
            FailedTransforms transforms,
            SharedPurges purges) {
        return new CacheRoutes(new ProxyUrls(urls), store, failures, transforms, proxy, purges);
    }

    private static Clock clock(ObjectProvider<Clock> clocks) {
        return clocks.getIfAvailable(Clock::systemUTC);
    }
}
