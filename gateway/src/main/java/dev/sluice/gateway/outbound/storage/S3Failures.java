package dev.sluice.gateway.outbound.storage;

import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import dev.sluice.zipstream.BodyTooSlowException;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.s3.model.NoSuchBucketException;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;

/** What a failure of S3, or of the way there, means. */
final class S3Failures {
    private static final Set<String> FULL =
            Set.of("QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientCapacity");

    private static final Pattern UNSEEN = Pattern.compile("[\\p{Cntrl}\\s]+");
    private static final int LONGEST_WORDS = 200;

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
                new StorageException(
                        Kind.UNAVAILABLE, subject + ": S3 could not be asked: " + line(way.getMessage()), way);
            case RejectedExecutionException busy ->
                new StorageException(Kind.UNAVAILABLE, subject + ": too many wait for S3", busy);
            case IOException way ->
                new StorageException(Kind.UNAVAILABLE, subject + ": the connection to S3 failed", way);
            case BodyTooSlowException slow ->
                new StorageException(Kind.UNAVAILABLE, subject + ": S3 stopped sending", slow);
            default -> new StorageException(Kind.BROKEN, subject + ": unexpected failure of the S3 client", failure);
        };
    }

    /**
     * Whether it may mean that there is no such object: 404, unless it says that there is no such bucket. A HEAD has no
     * body that could tell the two apart.
     */
    static boolean isAbsent(Throwable failure) {
        Throwable cause = failure instanceof CompletionException wrapped ? wrapped.getCause() : failure;
        return cause instanceof NoSuchKeyException
                || (cause instanceof AwsServiceException answer && answer.statusCode() == 404 && !isOfBucket(answer));
    }

    /** As {@link #of}, of a call that asks for nothing but the bucket: 404 then means that there is none. */
    static Throwable ofBucket(String bucket, Throwable failure) {
        return isAbsent(failure)
                ? new StorageException(Kind.MISSING, "bucket " + bucket + ": it is not there", failure)
                : of("bucket " + bucket, failure);
    }

    private static StorageException answered(Object subject, AwsServiceException answer) {
        String code = code(answer);
        String words = words(answer);
        String said = subject + ": S3 answered " + answer.statusCode() + (code.isEmpty() ? "" : " " + code)
                + (words.isEmpty() ? "" : ": " + words);
        return new StorageException(kind(answer), said, answer);
    }

    private static Kind kind(AwsServiceException answer) {
        if (isOfBucket(answer)) {
            return Kind.MISSING;
        }
        if (isAbsent(answer)) {
            return Kind.GONE;
        }
        if (answer.statusCode() == 507 || FULL.contains(code(answer))) {
            return Kind.FULL;
        }
        return switch (answer.statusCode()) {
            case 412 -> Kind.EXISTS;
            case 401, 403 -> Kind.REFUSED;
            // 409: another call on the same key is under way.
            case 408, 409, 425, 429 -> Kind.UNAVAILABLE;
            default -> answer.statusCode() >= 500 ? Kind.UNAVAILABLE : Kind.BROKEN;
        };
    }

    private static boolean isOfBucket(AwsServiceException answer) {
        return answer instanceof NoSuchBucketException || "NoSuchBucket".equals(code(answer));
    }

    private static String code(AwsServiceException answer) {
        AwsErrorDetails details = answer.awsErrorDetails();
        return details == null || details.errorCode() == null ? "" : details.errorCode();
    }

    /** What the store itself says, in one line. */
    private static String words(AwsServiceException answer) {
        AwsErrorDetails details = answer.awsErrorDetails();
        return line(details == null ? null : details.errorMessage());
    }

    private static String line(@Nullable String message) {
        if (message == null) {
            return "";
        }
        String line = UNSEEN.matcher(message).replaceAll(" ").strip();
        return line.length() <= LONGEST_WORDS ? line : line.substring(0, LONGEST_WORDS) + "…";
    }

    private static boolean isWithoutCredentials(SdkClientException failure) {
        return String.valueOf(failure.getMessage()).startsWith("Unable to load credentials");
    }
}
