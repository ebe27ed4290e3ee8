package dev.sluice.gateway.outbound.database.image;

import dev.sluice.gateway.outbound.database.StoredText;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A row of {@code images}. Times are to the microsecond.
 *
 * @param owner the subject that it belongs to, at most 255 characters
 * @param name what its owner calls it, at most 255 characters
 * @param altText at most 500 characters
 * @param generation how it was made, if it was
 * @param object what is stored, once it is
 * @param externalUrl where it is, if that is not in the store; at most 2048 characters
 * @param failure why it will not come
 * @param listing what it was uploaded for
 * @param thumbnails smaller copies of its object
 */
public record Image(
        UUID id,
        String owner,
        @Nullable String projectId,
        Source source,
        Status status,
        @Nullable Generation generation,
        @Nullable String name,
        @Nullable String altText,
        @Nullable ImageObject object,
        @Nullable String externalUrl,
        @Nullable Failure failure,
        @Nullable Listing listing,
        ImageThumbnails thumbnails,
        Instant createdAt,
        Instant updatedAt,
        @Nullable Instant completedAt) {
    static final int LONGEST_ALT = 500;
    static final int LONGEST_NAME = 255;
    private static final int LONGEST_URL = 2048;

    /** Why an image failed: a stable code, and a sentence for its owner (cut at 1000 characters). */
    public record Failure(String code, String detail) {
        private static final int LONGEST_CODE = 64;
        private static final int LONGEST_DETAIL = 1000;

        public Failure {
            StoredText.checkNotBlank("failure code", code, LONGEST_CODE);
            detail = detail.replace("\0", "");
            if (detail.length() > LONGEST_DETAIL) {
                detail = detail.substring(0, LONGEST_DETAIL - 1) + "…";
            }
        }
    }

    /** What an image was uploaded for, and by whom. */
    public record Listing(String listingId, String hostId) {
        public Listing {
            StoredText.checkNotBlank("listingId", listingId, LONGEST_NAME);
            StoredText.checkNotBlank("hostId", hostId, LONGEST_NAME);
        }
    }

    public Image {
        StoredText.checkNotBlank("owner", owner, LONGEST_NAME);
        StoredText.check("projectId", projectId, LONGEST_NAME);
        StoredText.check("name", name, LONGEST_NAME);
        StoredText.check("altText", altText, LONGEST_ALT);
        StoredText.check("externalUrl", externalUrl, LONGEST_URL);
        boolean content = object != null || externalUrl != null;
        if ((status == Status.COMPLETED) != content) {
            throw new IllegalArgumentException("image " + id + ": " + status + (content ? " with" : " without")
                    + " content (expected: content as soon as it is completed)");
        }
        if (status == Status.GENERATING && generation == null) {
            throw new IllegalArgumentException("image " + id + ": generating (expected: with a generation)");
        }
        createdAt = createdAt.truncatedTo(ChronoUnit.MICROS);
        updatedAt = updatedAt.truncatedTo(ChronoUnit.MICROS);
        completedAt = completedAt == null ? null : completedAt.truncatedTo(ChronoUnit.MICROS);
    }

    /** One that a job will bring. */
    public static Image generating(
            UUID id,
            String owner,
            @Nullable String projectId,
            @Nullable String altText,
            Generation generation,
            Instant now) {
        return new Image(
                id,
                owner,
                projectId,
                Source.GENERATED,
                Status.GENERATING,
                generation,
                null,
                altText,
                null,
                null,
                null,
                null,
                ImageThumbnails.NONE,
                now,
                now,
                null);
    }

    /** One whose object is in the store already. */
    public static Image stored(
            UUID id,
            String owner,
            @Nullable String projectId,
            Source source,
            @Nullable String altText,
            ImageObject object,
            @Nullable Listing listing,
            Instant now) {
        return new Image(
                id,
                owner,
                projectId,
                source,
                Status.COMPLETED,
                null,
                null,
                altText,
                object,
                null,
                null,
                listing,
                ImageThumbnails.WAITING,
                now,
                now,
                now);
    }

    /** One that stays where it is. */
    public static Image external(
            UUID id,
            String owner,
            @Nullable String projectId,
            @Nullable String altText,
            String externalUrl,
            Instant now) {
        return new Image(
                id,
                owner,
                projectId,
                Source.IMPORTED,
                Status.COMPLETED,
                null,
                null,
                altText,
                null,
                externalUrl,
                null,
                null,
                ImageThumbnails.NONE,
                now,
                now,
                now);
    }

    /** The same image with other thumbnails. */
    public Image with(ImageThumbnails others) {
        return copy(name, others);
    }

    /** The same image under another name, or none. */
    public Image named(@Nullable String other) {
        return copy(other, thumbnails);
    }

    private Image copy(@Nullable String otherName, ImageThumbnails otherThumbnails) {
        return new Image(
                id,
                owner,
                projectId,
                source,
                status,
                generation,
                otherName,
                altText,
                object,
                externalUrl,
                failure,
                listing,
                otherThumbnails,
                createdAt,
                updatedAt,
                completedAt);
    }

    /** Where an image comes from. */
    public enum Source {
        GENERATED,
        IMPORTED,
        UPLOADED;

        /** As it stands in the row, for example {@code generated}. */
        public String code() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Source of(String code) {
            return valueOf(code.toUpperCase(Locale.ROOT));
        }
    }

    /** How far an image has come. */
    public enum Status {
        /** A job works on it. */
        GENERATING,
        /** Its object is stored, or it has an external URL. */
        COMPLETED,
        /** It will not come; its error says why. */
        FAILED;

        /** As it stands in the row, for example {@code completed}. */
        public String code() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Status of(String code) {
            return valueOf(code.toUpperCase(Locale.ROOT));
        }
    }

    /**
     * How an image is, or was, generated.
     *
     * @param prompt at most 4000 characters
     * @param aspectRatio as the caller said it, for example {@code 16:9}
     * @param predictionId the provider's name of its own work; null until it has begun
     */
    public record Generation(
            String prompt,
            @Nullable String aspectRatio,
            String provider,
            @Nullable String model,
            @Nullable String predictionId) {
        static final int LONGEST_PROMPT = 4000;
        private static final int LONGEST_RATIO = 32;
        private static final int LONGEST_PROVIDER = 64;
        static final int LONGEST_NAME = 255;

        public Generation {
            StoredText.checkNotBlank("prompt", prompt, LONGEST_PROMPT);
            StoredText.check("aspectRatio", aspectRatio, LONGEST_RATIO);
            StoredText.checkNotBlank("provider", provider, LONGEST_PROVIDER);
            StoredText.check("model", model, LONGEST_NAME);
            StoredText.check("predictionId", predictionId, LONGEST_NAME);
        }
    }
}
