package dev.sluice.gateway.outbound.storage;

import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;
import software.amazon.awssdk.services.s3.presigner.model.PresignedPutObjectRequest;

/**
 * Uploads that go from a client straight to a bucket of S3. Length and type are headers, which browsers send by
 * themselves and the signature covers; metadata are in the query, where S3 reads it too, and other stores ignore it.
 * {@code If-None-Match} can only be a header, which a page would have to know of, so it is not asked for.
 */
final class S3PresignedUploads implements PresignedUploads {
    private static final String META = "x-amz-meta-";
    private static final Duration SHORTEST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofDays(7);

    private final S3Presigner presigner;
    private final String bucket;
    private final Scheduler calling;

    /** @param calling where signing happens: finding credentials may block */
    S3PresignedUploads(S3Presigner presigner, String bucket, Scheduler calling) {
        this.presigner = presigner;
        this.bucket = bucket;
        this.calling = calling;
    }

    @Override
    public Mono<PresignedUploads.SignedPut> presignPut(ObjectKey key, NewObject object, Duration expiresIn) {
        if (expiresIn.compareTo(SHORTEST) < 0 || expiresIn.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(
                    "expiresIn: " + expiresIn + " (expected: " + SHORTEST + " to " + LONGEST + ")");
        }
        return Mono.fromCallable(() -> presigned(presigner.presignPutObject(
                        put -> put.signatureDuration(expiresIn).putObjectRequest(request(key, object)))))
                .subscribeOn(calling)
                .onErrorMap(failure -> S3Failures.of(key, failure));
    }

    private PutObjectRequest request(ObjectKey key, NewObject object) {
        return PutObjectRequest.builder()
                .bucket(bucket)
                .key(key.value())
                .contentLength(object.length())
                .contentType(object.contentType())
                .overrideConfiguration(query ->
                        object.metadata().forEach((name, value) -> query.putRawQueryParameter(META + name, value)))
                .build();
    }

    private static PresignedUploads.SignedPut presigned(PresignedPutObjectRequest signed) {
        Map<String, String> headers = new HashMap<>();
        signed.signedHeaders().forEach((name, values) -> {
            String lower = name.toLowerCase(Locale.ROOT);
            if (!"host".equals(lower)) {
                headers.put(lower, String.join(",", values));
            }
        });
        URI url = URI.create(signed.url().toString());
        return new PresignedUploads.SignedPut(signed.httpRequest().method().name(), url, headers, signed.expiration());
    }
}
