package dev.sluice.gateway.outbound.storage;

import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;
import software.amazon.awssdk.services.s3.presigner.model.PresignedPutObjectRequest;

/** Uploads that go from a client straight to a bucket of S3. */
final class S3PresignedUploads implements PresignedUploads {
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
    public Mono<PresignedPut> presignPut(ObjectKey key, NewObject object, Duration expiresIn) {
        if (expiresIn.compareTo(SHORTEST) < 0 || expiresIn.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(
                    "expiresIn: " + expiresIn + " (expected: " + SHORTEST + " to " + LONGEST + ")");
        }
        return Mono.fromCallable(() -> presigned(presigner.presignPutObject(put ->
                        put.signatureDuration(expiresIn).putObjectRequest(S3Store.request(bucket, key, object)))))
                .subscribeOn(calling)
                .onErrorMap(failure -> S3Failures.of(key, failure));
    }

    private static PresignedPut presigned(PresignedPutObjectRequest signed) {
        Map<String, String> headers = new HashMap<>();
        signed.signedHeaders().forEach((name, values) -> {
            String lower = name.toLowerCase(Locale.ROOT);
            if (!"host".equals(lower)) {
                headers.put(lower, String.join(",", values));
            }
        });
        URI url = URI.create(signed.url().toString());
        return new PresignedPut(signed.httpRequest().method().name(), url, headers, signed.expiration());
    }
}
