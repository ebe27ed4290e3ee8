package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.outbound.database.image.Image;
import dev.sluice.gateway.outbound.fetch.FetchException;
import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.storage.StorageException;
import dev.sluice.zipstream.ByteLimitExceededException;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.TimeoutException;

/** Maps failures of an attempt: whether another attempt may succeed, and the failure that the owner sees if not. */
final class GenerationFailures {
    /** Further attempts to fetch a finished picture. */
    private static final int FETCHES_REPEATED = 3;

    private static final String DEFECT = "internal_error";
    private static final int TOO_MANY_REQUESTS = 429;
    private static final int SERVER_ERROR = 500;

    private GenerationFailures() {}

    /** Whether another attempt may succeed soon, at no cost. */
    static boolean isRetryable(Throwable failure, int attempt) {
        return switch (failure) {
            case DatabaseException database -> true;
            case StorageException storage -> storage.kind().isRetryable();
            case FetchException fetch -> attempt <= FETCHES_REPEATED && isRetryable(fetch);
            case DecoderException decoder ->
                attempt <= FETCHES_REPEATED && decoder.kind() != DecoderException.Kind.LIMIT;
            default -> false;
        };
    }

    private static boolean isRetryable(FetchException fetch) {
        return switch (fetch.failure()) {
            case CONNECTION_FAILED, TIMED_OUT -> true;
            case UPSTREAM_STATUS -> fetch.status() >= SERVER_ERROR || fetch.status() == TOO_MANY_REQUESTS;
            case BLOCKED_ADDRESS, INVALID_URL, TOO_LARGE, NOT_AN_IMAGE, BAD_ENCODING -> false;
        };
    }

    static Image.Failure why(Throwable failure) {
        return switch (failure) {
            case TimeoutException late -> new Image.Failure("timed_out", "Image generation timed out");
            case ProviderException provider ->
                new Image.Failure(provider.failure().name().toLowerCase(Locale.ROOT), text(provider));
            case FetchException fetch -> new Image.Failure(fetch.failure().code(), text(fetch));
            case DecoderException decoder -> new Image.Failure(decoder.kind().code(), text(decoder));
            case PictureException picture -> new Image.Failure(picture.kind().code(), text(picture));
            case ByteLimitExceededException excess -> new Image.Failure("too_large", text(excess));
            case StorageException storage -> new Image.Failure("storage_failed", "The store did not accept the image");
            case DatabaseException database ->
                new Image.Failure("database_failed", "The database did not accept the image");
            default -> new Image.Failure(DEFECT, "The gateway failed");
        };
    }

    /** Whether it is neither an outage nor what the caller or the provider sent. */
    static boolean isDefect(Throwable failure) {
        return failure instanceof DatabaseException database
                ? database.kind() == DatabaseException.Kind.DEFECT
                : why(failure).code().equals(DEFECT);
    }

    private static String text(Throwable failure) {
        return Objects.requireNonNullElse(failure.getMessage(), failure.toString());
    }
}
