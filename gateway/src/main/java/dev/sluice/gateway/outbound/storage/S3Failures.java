package dev.sluice.gateway.outbound.storage;

import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import dev.sluice.zipstream.BodyTooSlowException;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;

/** What a failure of S3, or of the way there, means. */
final class S3Failures {
    private static final Set<String> FULL =
            Set.of("QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientCapacity");

    private S3Failures() {}

    /** {@code subject} is the key, or what else was asked for. Those that say it already stay as they are. */
    static Throwable of(Object subject, Throwable failure) {
        return switch (failure) {
            case CompletionException wrapped when wrapped.getCause() != null -> of(subject, wrapped.getCause());
            case StorageException known -> known;
            case AwsServiceException answer -> answered(subject, answer);
            case SdkClientException way
            when isWithoutCredentials(way) ->
                new StorageException(Kind.REFUSED, subject + ": no credentials for S3 were found", way);
            case SdkClientException way ->
                new StorageException(Kind.UNAVAILABLE, subject + ": S3 could not be asked", way);
            case RejectedExecutionException busy ->
                new StorageException(Kind.UNAVAILABLE, subject + ": too many wait for S3", busy);
            case IOException way ->
                new StorageException(Kind.UNAVAILABLE, subject + ": the connection to S3 failed", way);
            case BodyTooSlowException slow ->
                new StorageException(Kind.UNAVAILABLE, subject + ": S3 stopped sending", slow);
            default -> new StorageException(Kind.BROKEN, subject + ": unexpected failure of the S3 client", failure);
        };
    }

    /** Whether it says that there is no such object. A HEAD has no body that could say more than 404. */
    static boolean isAbsent(Throwable failure) {
        Throwable cause = failure instanceof CompletionException wrapped ? wrapped.getCause() : failure;
        return cause instanceof NoSuchKeyException
                || (cause instanceof AwsServiceException answer
                        && answer.statusCode() == 404
                        && !"NoSuchBucket".equals(code(answer)));
    }

    private static StorageException answered(Object subject, AwsServiceException answer) {
        String said = subject + ": S3 answered " + answer.statusCode() + " " + code(answer);
        return new StorageException(kind(answer), said, answer);
    }

    private static Kind kind(AwsServiceException answer) {
        if (isAbsent(answer)) {
            return Kind.GONE;
        }
        if (answer.statusCode() == 507 || FULL.contains(code(answer))) {
            return Kind.FULL;
        }
        return switch (answer.statusCode()) {
            case 412 -> Kind.EXISTS;
            case 401, 403, 404 -> Kind.REFUSED;
            // 409: another call on the same key is under way.
            case 408, 409, 425, 429 -> Kind.UNAVAILABLE;
            default -> answer.statusCode() >= 500 ? Kind.UNAVAILABLE : Kind.BROKEN;
        };
    }

    private static String code(AwsServiceException answer) {
        return answer.awsErrorDetails() == null
                ? ""
                : String.valueOf(answer.awsErrorDetails().errorCode());
    }

    private static boolean isWithoutCredentials(SdkClientException failure) {
        return String.valueOf(failure.getMessage()).startsWith("Unable to load credentials");
    }
}
