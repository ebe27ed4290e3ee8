package dev.sluice.gateway.outbound.storage;

import dev.sluice.gateway.outbound.storage.StorageProperties.S3;
import java.net.URI;
import java.time.Duration;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.client.config.SdkAdvancedAsyncClientOption;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.SdkEventLoopGroup;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3AsyncClientBuilder;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;

/**
 * The AWS SDK, set up once: one pool of connections; a client that tries again, and one for puts that does not, since a
 * body comes only once. Checksums beyond what a call requires are off: stores that are not Amazon's refuse them, and a
 * browser cannot compute them.
 */
final class S3Connection implements AutoCloseable {
    /** A reader may take its time over a body; the SDK would count that as a store that is silent. */
    private static final Duration LONGEST_PAUSE = Duration.ofHours(1);

    private static final int LOOPS = 2;

    private final SdkAsyncHttpClient http;
    private final S3AsyncClient calls;
    private final S3AsyncClient puts;
    private final S3Presigner presigner;
    private final S3Presigner ownPresigner;

    S3Connection(S3 settings) {
        AwsCredentialsProvider credentials = credentials(settings);
        this.http = NettyNioAsyncHttpClient.builder()
                .maxConcurrency(settings.connections())
                .maxPendingConnectionAcquires(settings.connections() * 16)
                .connectionAcquisitionTimeout(settings.attemptTimeout())
                .connectionTimeout(settings.attemptTimeout())
                .writeTimeout(settings.attemptTimeout())
                .readTimeout(LONGEST_PAUSE)
                .useNonBlockingDnsResolver(true)
                .eventLoopGroupBuilder(SdkEventLoopGroup.builder().numberOfThreads(LOOPS))
                .build();
        this.calls = client(settings, credentials)
                .overrideConfiguration(all -> all.apiCallTimeout(settings.callTimeout())
                        .apiCallAttemptTimeout(settings.attemptTimeout())
                        .retryStrategy(AwsRetryStrategy.standardRetryStrategy().toBuilder()
                                .maxAttempts(settings.tries())
                                .build()))
                .build();
        this.puts = client(settings, credentials)
                .overrideConfiguration(
                        all -> all.apiCallTimeout(settings.putTimeout()).retryStrategy(AwsRetryStrategy.doNotRetry()))
                .build();
        this.presigner = presigner(settings, credentials, settings.signedEndpoint());
        this.ownPresigner = settings.signedEndpoint().equals(settings.endpoint())
                ? presigner
                : presigner(settings, credentials, settings.endpoint());
    }

    private static S3Presigner presigner(S3 settings, AwsCredentialsProvider credentials, String endpoint) {
        S3Presigner.Builder presigning = S3Presigner.builder()
                .credentialsProvider(credentials)
                .region(Region.of(settings.region()))
                .serviceConfiguration(S3Configuration.builder()
                        .pathStyleAccessEnabled(settings.inPath())
                        .build());
        if (!endpoint.isEmpty()) {
            presigning.endpointOverride(URI.create(endpoint));
        }
        return presigning.build();
    }

    /** Tries again what may succeed then. */
    S3AsyncClient calls() {
        return calls;
    }

    /** Tries once. */
    S3AsyncClient puts() {
        return puts;
    }

    /** Signs for the host that clients know. */
    S3Presigner presigner() {
        return presigner;
    }

    /** Signs for the host by which this gateway reaches the store. */
    S3Presigner ownPresigner() {
        return ownPresigner;
    }

    private S3AsyncClientBuilder client(S3 settings, AwsCredentialsProvider credentials) {
        S3AsyncClientBuilder builder = S3AsyncClient.builder()
                .httpClient(http)
                .credentialsProvider(credentials)
                .region(Region.of(settings.region()))
                .serviceConfiguration(service -> service.pathStyleAccessEnabled(settings.inPath())
                        // Always: a store that refuses an upload while it is sent may cut it off before it says why.
                        .expectContinueThresholdInBytes(0L))
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
                // Nothing here blocks, so an answer needs no other thread than the one that brought it.
                .asyncConfiguration(async ->
                        async.advancedOption(SdkAdvancedAsyncClientOption.FUTURE_COMPLETION_EXECUTOR, Runnable::run));
        if (!settings.endpoint().isEmpty()) {
            builder.endpointOverride(URI.create(settings.endpoint()));
        }
        return builder;
    }

    private static AwsCredentialsProvider credentials(S3 settings) {
        return settings.accessKey().isEmpty()
                ? DefaultCredentialsProvider.builder().build()
                : StaticCredentialsProvider.create(
                        AwsBasicCredentials.create(settings.accessKey(), settings.secretKey()));
    }

    /** Takes some two seconds, in which the SDK's threads wait for late answers. */
    @Override
    public void close() {
        presigner.close();
        ownPresigner.close();
        calls.close();
        puts.close();
        http.close();
    }
}
